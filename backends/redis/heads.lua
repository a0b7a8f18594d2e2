-- Returns of each row (ARGV: ids) the first three lines, false where there is none.
local heads = {}
for number, id in ipairs(ARGV) do
  local row = redis.call('HGET', KEYS[4], id)
  heads[number] = row and string.match(row, '^[^\n]*\n[^\n]*\n[^\n]*')
end
return heads
