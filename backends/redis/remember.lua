-- Keeps a note unless one is kept, and returns what is kept.
-- ARGV: key, text, seconds, the present moment, most notes, 1 to write in the place of what is kept, and the seconds
-- for which it has to last so that others do not push it out.
local NOTES, NOTED = unpack(KEYS)
local key, text, seconds, now = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

local note = ARGV[6] ~= '1' and redis.call('HGET', NOTES, key)
if note then
  local ends, kept = string.match(note, '^(%S+) (.*)$')
  local left = tonumber(ends) - now
  if left > 0 and (kept ~= text or left >= seconds / 2) then return kept end
end

redis.call('HSET', NOTES, key, string.format('%.6f', now + seconds) .. ' ' .. text)
redis.call('ZADD', NOTED, string.format('%.6f', now + math.max(0, seconds - ARGV[7])), key)
local too_many = redis.call('ZCARD', NOTED) - ARGV[5]
if too_many > 0 then
  for _, old in ipairs(redis.call('ZRANGE', NOTED, 0, too_many - 1)) do
    redis.call('HDEL', NOTES, old)
    redis.call('ZREM', NOTED, old)
  end
end
return text
