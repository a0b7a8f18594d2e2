-- Runs several reading commands in one step.
-- ARGV: a unique key that is to be held, or nothing; whether they look at memberships, or nothing; of each command the
-- number of arguments, its name, the number of its key, and the arguments.
if ARGV[1] ~= '' and redis.call('HEXISTS', KEYS[6], ARGV[1]) == 0 then return redis.error_reply('UNHELD') end
if ARGV[2] ~= '' and redis.call('EXISTS', KEYS[13]) == 1 then return redis.error_reply('MOVING') end
local results, at = {}, 3
while at <= #ARGV do
  local arguments = tonumber(ARGV[at])
  results[#results + 1] = redis.call(ARGV[at + 1], KEYS[tonumber(ARGV[at + 2]) + 1], unpack(ARGV, at + 3, at + 2 + arguments))
  at = at + 3 + arguments
end
return results
