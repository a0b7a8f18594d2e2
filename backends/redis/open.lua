-- Records the profile of a tenant unless one is recorded, and that a tenant without resources has all indexes.
-- ARGV: profile, forms of the indexes. Returns what is recorded of both.
local META = KEYS[1]
redis.call('HSETNX', META, 'profile', ARGV[1])
if redis.call('HEXISTS', META, 'created') == 0 then redis.call('HSET', META, 'indexes', ARGV[2]) end
return redis.call('HMGET', META, 'profile', 'indexes')
