-- Reads resources with their memberships in one step.
-- ARGV: a unique key that is to be held, or nothing; which memberships come with them, `members`, `groups` or nothing; a
-- kind of source, and what it takes. Returns revision, total, size; ids, and for each a row and a time of use, nothing where
-- there is none; and, with memberships, the entries of each resource that has some, then ids and heads of the groups in them.
local META, ROWS, USED, UNIQUE, INDEX, MEMBERS, GROUPS, MOVING = unpack(KEYS)
local call = redis.call
if ARGV[1] ~= '' and call('HEXISTS', UNIQUE, ARGV[1]) == 0 then return redis.error_reply('UNHELD') end
-- Lua passes no more than 8,000 arguments.
local AT_ONCE = 5000

local function values(key, fields)
  local found = {}
  for start = 1, #fields, AT_ONCE do
    local some = call('HMGET', key, unpack(fields, start, math.min(start + AT_ONCE - 1, #fields)))
    if start == 1 then
      found = some
    else
      for _, value in ipairs(some) do found[#found + 1] = value end
    end
  end
  return found
end

local function below(bound)
  return call('ZLEXCOUNT', INDEX, '-', '(' .. bound)
end

-- A set finds a place by its number at once, and by its name and an offset in as many steps as the offset.
local function stretch(whole_low, whole_high, low, high, offset, count, reverse)
  local total = call('ZLEXCOUNT', INDEX, '[' .. whole_low, '(' .. whole_high)
  local first, last = below(low), below(high) - 1
  local size = math.max(last - first + 1, 0)
  if count == 0 or size == 0 then return {}, total, size end
  local entries
  if reverse then
    last = last - offset
    first = math.max(first, last - count + 1)
  else
    first = first + offset
    last = math.min(last, first + count - 1)
  end
  entries = first <= last and call('ZRANGE', INDEX, first, last) or {}
  local ids, place = {}, entries[1] and string.match(entries[1], '.*%z()')
  for number, entry in ipairs(entries) do
    ids[reverse and #entries + 1 - number or number] = string.sub(entry, place)
  end
  return ids, total, size
end

local kind, ids, total, size = ARGV[3], {}, 0, 0
if kind == 'stretch' then
  ids, total, size = stretch(ARGV[4], ARGV[5], ARGV[6], ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10] == '1')
else
  for number = 4, #ARGV do ids[number - 3] = ARGV[number] end
  if kind == 'unique' then
    local holders = {}
    for _, id in ipairs(values(UNIQUE, ids)) do holders[#holders + 1] = id or nil end
    ids = holders
  end
end

local side = ({members = MEMBERS, groups = GROUPS})[ARGV[2]]
if side and call('EXISTS', MOVING) == 1 then return redis.error_reply('MOVING') end

local rows = values(ROWS, ids)
local answer = {call('HGET', META, 'logged'), total, size, ids, rows, values(USED, ids)}
if not side then return answer end

local linked, heads, seen = {}, {}, {}
for number, id in ipairs(ids) do
  local entries = rows[number] and call('ZRANGEBYLEX', side, '[' .. id .. '\0', '(' .. id .. '\1')
  if entries and entries[1] then
    linked[#linked + 1] = entries
    for _, entry in ipairs(side == GROUPS and entries or {}) do
      local group = string.sub(entry, #id + 2)
      local head = not seen[group] and call('HGET', ROWS, group)
      seen[group] = true
      if head then
        heads[#heads + 1] = group
        heads[#heads + 1] = string.match(head, '^[^\n]*\n[^\n]*\n[^\n]*')
      end
    end
  end
end
answer[7], answer[8] = linked, heads
return answer
