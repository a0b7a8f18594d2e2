-- Returns the ids of members of a group between two bounds, so many at most, with zero bytes between them.
-- ARGV: the bounds, the number, the place in an entry at which the id begins.
local ids, first = {}, tonumber(ARGV[4])
for number, entry in ipairs(redis.call('ZRANGEBYLEX', KEYS[8], '[' .. ARGV[1], '(' .. ARGV[2], 'LIMIT', 0, ARGV[3])) do
  ids[number] = string.sub(entry, first, string.find(entry, '\0', first, true) - 1)
end
return table.concat(ids, '\0')
