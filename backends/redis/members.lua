-- Returns members of a group between two bounds, so many at most: of each id and type, with zero bytes between them all.
-- ARGV: the bounds, the number, the place in an entry at which the id begins.
local members, first = {}, tonumber(ARGV[4])
for number, entry in ipairs(redis.call('ZRANGEBYLEX', KEYS[8], '[' .. ARGV[1], '(' .. ARGV[2], 'LIMIT', 0, ARGV[3])) do
  members[number] = string.sub(entry, first)
end
return table.concat(members, '\0')
