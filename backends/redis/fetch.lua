-- Reads resources with their memberships in one step.
-- ARGV: names of the types that show members and of those that show groups, each ended by a line break; a kind of
-- source, and what it takes. Returns revision, total, size, and of each resource id, time of use and row in one text; with
-- links also the entries of its members, or ids and heads of its groups.
local META, ROWS, USED, UNIQUE, INDEX, MEMBERS, GROUPS = KEYS[1], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]

local function head(row)
  return string.match(row, '^[^\n]*\n[^\n]*\n[^\n]*')
end

local function below(bound)
  return redis.call('ZLEXCOUNT', INDEX, '-', '(' .. bound)
end

local sources = {}

function sources.ids()
  local ids = {}
  for number = 4, #ARGV do ids[number - 3] = ARGV[number] end
  return ids, 0, 0
end

function sources.unique()
  local ids = {}
  for number = 4, #ARGV do ids[#ids + 1] = redis.call('HGET', UNIQUE, ARGV[number]) or nil end
  return ids, 0, 0
end

-- A set finds a place by its number at once, and by its name and an offset in as many steps as the offset.
function sources.stretch()
  local whole_low, whole_high, low, high = ARGV[4], ARGV[5], ARGV[6], ARGV[7]
  local offset, count, reverse = tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10] == '1'
  local total = redis.call('ZLEXCOUNT', INDEX, '[' .. whole_low, '(' .. whole_high)
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
  entries = first <= last and redis.call('ZRANGE', INDEX, first, last) or {}
  local ids = {}
  for number, entry in ipairs(entries) do
    ids[reverse and #entries + 1 - number or number] = string.match(entry, '[^%z]*$')
  end
  return ids, total, size
end

local heads = {}
local function group(id)
  if heads[id] == nil then
    local row = redis.call('HGET', ROWS, id)
    heads[id] = row and head(row) or false
  end
  return heads[id]
end

local function links(id, row)
  local name = string.match(row, '^[^\n]*\n')
  if string.find(ARGV[1], name, 1, true) then
    return redis.call('ZRANGEBYLEX', MEMBERS, '[' .. id .. '\0', '(' .. id .. '\1')
  elseif string.find(ARGV[2], name, 1, true) then
    local found = {}
    for _, entry in ipairs(redis.call('ZRANGEBYLEX', GROUPS, '[' .. id .. '\0', '(' .. id .. '\1')) do
      local other = string.match(entry, '[^%z]*$')
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

local ids, total, size = sources[ARGV[3]]()
local with_links = ARGV[1] ~= '' or ARGV[2] ~= ''
local records = {}
for _, id in ipairs(ids) do
  local row = redis.call('HGET', ROWS, id)
  if row then
    records[#records + 1] = id .. '\0' .. (redis.call('HGET', USED, id) or '') .. '\0' .. row
    if with_links then records[#records + 1] = links(id, row) end
  end
end
return {redis.call('HGET', META, 'logged'), total, size, records}
