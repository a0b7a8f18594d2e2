-- Makes the other writers wait. ARGV: the writer's token, milliseconds. Returns 1 when this writer has the lock.
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return redis.call('GET', KEYS[2]) == ARGV[1] and 1 or 0
