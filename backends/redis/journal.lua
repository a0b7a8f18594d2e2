-- Appends texts to the journal behind the entry of a number, unless that is not the last one: then returns the number
-- of the last one. It may be sent again: it finds its own first entry.
-- ARGV: that number, the writer's token, the present moment, the time before which entries are purged, most entries;
-- then the texts, one at least.
local JOURNAL = KEYS[12]
local last, token, now, horizon = tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4])

local newest = redis.call('XREVRANGE', JOURNAL, '+', '-', 'COUNT', 1)[1]
local found = newest and tonumber(string.match(newest[1], '^%d+')) or 0
if found ~= last then
  local id = string.format('%d-0', last + 1)
  local first = redis.call('XRANGE', JOURNAL, id, id)[1]
  return first and first[2][2] == token and 'done' or tostring(found)
end

for at = 6, #ARGV do
  redis.call('XADD', JOURNAL, string.format('%d-0', last + at - 5), 'token', token, 'at', now, 'text', ARGV[at])
end

redis.call('XTRIM', JOURNAL, 'MAXLEN', '=', ARGV[5])
local oldest = redis.call('XRANGE', JOURNAL, '-', '+', 'COUNT', 1)[1]
while oldest and tonumber(oldest[2][4]) < horizon do
  redis.call('XDEL', JOURNAL, oldest[1])
  oldest = redis.call('XRANGE', JOURNAL, '-', '+', 'COUNT', 1)[1]
end
return 'done'
