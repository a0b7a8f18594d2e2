-- Writes all of a commit, if nobody wrote since the revision from which it follows; it may be sent again.
-- ARGV: that revision, the id of the first new entry of the change log, the writer's token, the time before which
-- entries are purged and how many at once, how many portions of memberships wait beside the tenant; then commands: number
-- of arguments, command, number of the key, arguments.
-- All that can fail is checked before the first write: a script is not rolled back.
local META, LOCK, LOG, MOVING, WAITING = KEYS[1], KEYS[2], KEYS[3], KEYS[13], KEYS[14]
local token, horizon, portions = ARGV[3], ARGV[4], tonumber(ARGV[6])

local holder = redis.call('GET', LOCK)
if (redis.call('HGET', META, 'logged') or '0') ~= ARGV[1] then
  local first = redis.call('XRANGE', LOG, ARGV[2], ARGV[2])[1]
  return first and first[2][2] == token and 'done' or 'overtaken'
end
if holder and holder ~= token then return 'locked' end
if portions > 0 and redis.call('HLEN', WAITING) ~= portions then return 'lost' end

local at = 7
while at <= #ARGV do
  local arguments = tonumber(ARGV[at])
  redis.call(ARGV[at + 1], KEYS[tonumber(ARGV[at + 2]) + 1], unpack(ARGV, at + 3, at + 2 + arguments))
  at = at + 3 + arguments
end

if portions > 0 then
  redis.call('RENAME', WAITING, MOVING)
  redis.call('PERSIST', MOVING)
end

local oldest = redis.call('XRANGE', LOG, '-', '+', 'COUNT', 1)[1]
if oldest and oldest[2][4] < horizon then
  local keep
  for _, entry in ipairs(redis.call('XRANGE', LOG, '-', '+', 'COUNT', ARGV[5] + 1)) do
    keep = entry[1]
    if entry[2][4] >= horizon then break end
  end
  redis.call('XTRIM', LOG, 'MINID', '=', keep)
end
if holder then redis.call('DEL', LOCK) end
return 'done'
