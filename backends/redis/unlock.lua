-- Ends the waiting of the other writers. ARGV: the writer's token.
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
