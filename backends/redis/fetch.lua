-- Reads resources with their memberships in one step.
-- ARGV: names of the types that show members and of those that show groups, each ended by a line break; a kind of
-- source, and what it takes. Returns revision, total, size; the resources' ids, rows and times of use; and, with links, the
-- entries of the members of each, or ids and heads of its groups.
local META, ROWS, USED, UNIQUE, INDEX, MEMBERS, GROUPS, MOVING = unpack(KEYS)
local call = redis.call
-- Lua passes no more than 8,000 arguments.
local AT_ONCE = 5000

local function values(key, fields)
  local found = {}
  for start = 1, #fields, AT_ONCE do
    for _, value in ipairs(call('HMGET', key, unpack(fields, start, math.min(start + AT_ONCE - 1, #fields)))) do
      found[#found + 1] = value
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
  local ids = {}
  for number, entry in ipairs(entries) do
    ids[reverse and #entries + 1 - number or number] = string.match(entry, '.*%z(.*)')
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

local with_links = ARGV[1] ~= '' or ARGV[2] ~= ''
if with_links and call('EXISTS', MOVING) == 1 then return redis.error_reply('MOVING') end
local rows, used, heads = values(ROWS, ids), values(USED, ids), {}

local function group(id)
  if heads[id] == nil then
    local row = call('HGET', ROWS, id)
    heads[id] = row and string.match(row, '^[^\n]*\n[^\n]*\n[^\n]*') or false
  end
  return heads[id]
end

local function links(id, row)
  local name = string.match(row, '^[^\n]*\n')
  if string.find(ARGV[1], name, 1, true) then
    return call('ZRANGEBYLEX', MEMBERS, '[' .. id .. '\0', '(' .. id .. '\1')
  elseif string.find(ARGV[2], name, 1, true) then
    local found = {}
    for _, entry in ipairs(call('ZRANGEBYLEX', GROUPS, '[' .. id .. '\0', '(' .. id .. '\1')) do
      local other = string.match(entry, '.*%z(.*)')
      local about = group(other)
      if about then
        found[#found + 1] = other
        found[#found + 1] = about
      end
    end
    return found
  end
  return {}
end

local found, texts, times, linked = {}, {}, {}, {}
for number, id in ipairs(ids) do
  local row = rows[number]
  if row then
    local place = #found + 1
    found[place], texts[place], times[place] = id, row, used[number]
    if with_links then linked[place] = links(id, row) end
  end
end
return {call('HGET', META, 'logged'), total, size, found, texts, times, linked}
