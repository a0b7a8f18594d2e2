-- Notes the time of a resource's last use. ARGV: type with a line break, id, time.
local row = redis.call('HGET', KEYS[4], ARGV[2])
if row and string.sub(row, 1, #ARGV[1]) == ARGV[1] then redis.call('HSET', KEYS[5], ARGV[2], ARGV[3]) end
