-- Gives a tenant what was loaded beside it; it may be sent again. KEYS: those of the tenant, then as many of what was
-- loaded. ARGV: the loader's token; whether what the tenant holds is replaced; then of each key that moves the number, the
-- command that counts what is in it, and how much was loaded. Returns `taken` or `lost` when nothing was done.
local META, ROWS, size = KEYS[1], KEYS[4], #KEYS / 2
if redis.call('HGET', META, 'loaded') == ARGV[1] then return 'done' end
for at = 3, #ARGV, 3 do
  if redis.call(ARGV[at + 1], KEYS[size + ARGV[at] + 1]) ~= tonumber(ARGV[at + 2]) then return 'lost' end
end
if ARGV[2] ~= '1' and (redis.call('EXISTS', ROWS) == 1 or redis.call('HEXISTS', META, 'logged') == 1) then
  return 'taken'
end
for at = 3, #ARGV, 3 do
  local number = ARGV[at] + 1
  redis.call('UNLINK', KEYS[number])
  if redis.call('EXISTS', KEYS[size + number]) == 1 then
    redis.call('RENAME', KEYS[size + number], KEYS[number])
    redis.call('PERSIST', KEYS[number])
  end
end
return 'done'
