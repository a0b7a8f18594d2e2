-- Returns of each row (ARGV: ids) the first three lines, nothing where there is none, with zero bytes between them.
local heads = {}
for number, row in ipairs(redis.call('HMGET', KEYS[4], unpack(ARGV))) do
  heads[number] = row and string.match(row, '^[^\n]*\n[^\n]*\n[^\n]*') or ''
end
return table.concat(heads, '\0')
