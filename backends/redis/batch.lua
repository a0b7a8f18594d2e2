-- Runs several reading commands in one step; each is: number of arguments, command, number of the key, arguments.
if redis.call('EXISTS', KEYS[13]) == 1 then return redis.error_reply('MOVING') end
local results, at = {}, 1
while at <= #ARGV do
  local arguments = tonumber(ARGV[at])
  results[#results + 1] = redis.call(ARGV[at + 1], KEYS[tonumber(ARGV[at + 2]) + 1], unpack(ARGV, at + 3, at + 2 + arguments))
  at = at + 3 + arguments
end
return results
