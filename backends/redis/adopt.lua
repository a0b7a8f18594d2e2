-- Gives a tenant what was loaded beside it. KEYS: those of the tenant, then as many of what was loaded.
-- ARGV: whether what the tenant holds is replaced; how many resources, unique keys, members and log entries were loaded;
-- then the numbers of the keys that move. Returns `taken` or `lost` when nothing was done.
local META, LOG, ROWS, UNIQUE, MEMBERS, size = KEYS[1], 3, 4, 6, 8, #KEYS / 2
local counts = {{'HLEN', ROWS}, {'HLEN', UNIQUE}, {'ZCARD', MEMBERS}, {'XLEN', LOG}}
for place, count in ipairs(counts) do
  if redis.call(count[1], KEYS[size + count[2]]) ~= tonumber(ARGV[place + 1]) then return 'lost' end
end
if ARGV[1] ~= '1' and (redis.call('EXISTS', KEYS[ROWS]) == 1 or redis.call('HEXISTS', META, 'logged') == 1) then
  return 'taken'
end
for place = 6, #ARGV do
  local number = tonumber(ARGV[place]) + 1
  redis.call('UNLINK', KEYS[number])
  if redis.call('EXISTS', KEYS[size + number]) == 1 then
    redis.call('RENAME', KEYS[size + number], KEYS[number])
    redis.call('PERSIST', KEYS[number])
  end
end
return 'done'
