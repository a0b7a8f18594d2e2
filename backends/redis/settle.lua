-- Brings a portion of the memberships of a commit that is done into the sets; returns how many portions are left.
-- A portion is the number of the key, 1 for what comes and 0 for what goes, and entries, with two zero bytes between them.
local MOVING = KEYS[13]
local number = redis.call('HLEN', MOVING)
if number == 0 then return 0 end

local parts, text, at = {}, redis.call('HGET', MOVING, number), 1
while at do
  local stop = string.find(text, '\0\0', at, true)
  parts[#parts + 1] = string.sub(text, at, stop and stop - 1)
  at = stop and stop + 2
end

local key, comes, arguments = KEYS[tonumber(parts[1]) + 1], parts[2] == '1', {}
for place = 3, #parts do
  if comes then arguments[#arguments + 1] = '0' end
  arguments[#arguments + 1] = parts[place]
end
redis.call(comes and 'ZADD' or 'ZREM', key, unpack(arguments))
redis.call('HDEL', MOVING, number)
return number - 1
