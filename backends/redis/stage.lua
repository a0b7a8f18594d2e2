-- Keeps a portion of memberships beside the tenant for a while, and goes on holding the lock if the writer has it.
-- ARGV: number of the portion, portion, seconds, the writer's token, milliseconds.
redis.call('HSET', KEYS[14], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[14], ARGV[3])
if redis.call('GET', KEYS[2]) == ARGV[4] then redis.call('PEXPIRE', KEYS[2], ARGV[5]) end
