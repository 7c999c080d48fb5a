"""What Redis does in one piece, in its own language: nobody else's request comes in between, and none is done by half.

KEYS begin with the set of requests under way, whose scores are the moments until which each is believed to be. What a
request has taken stands in a hash beside the set, by counters, until it is settled. Numbers that may be large go in and
out as texts, for Lua's have 53 bits.
"""

from __future__ import annotations

_GIVE_BACK = """
for _, id in ipairs(redis.call('zrangebyscore', KEYS[1], '-inf', ARGV[1])) do
  local held = redis.call('hgetall', KEYS[1] .. '/' .. id)
  for place = 1, #held, 2 do
    if redis.call('exists', held[place]) == 1 then redis.call('decrby', held[place], held[place + 1]) end
  end
  redis.call('del', KEYS[1] .. '/' .. id)
  redis.call('zrem', KEYS[1], id)
end
"""

_HELD = """
local function held(counter)
  local sum = 0
  for _, id in ipairs(redis.call('zrange', KEYS[1], 0, -1)) do
    sum = sum + tonumber(redis.call('hget', KEYS[1] .. '/' .. id, counter) or '0')
  end
  return sum
end
"""

TAKE = (
    _GIVE_BACK
    + """
local id, told = ARGV[3], {}
local function answer(code)
  table.insert(told, 1, tostring(code))
  return told
end
for place = 2, #KEYS, 2 do
  local at = 4 + (place - 2) / 2 * 6
  local current = redis.call('get', KEYS[place])
  if ARGV[at] == 'budget' and not current then return {tostring(-place / 2)} end
  local before = ARGV[at] == 'minute' and redis.call('get', KEYS[place + 1]) or '0'
  current = current or '0'
  table.insert(told, current)
  table.insert(told, before)
  local limit, amount, left = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  if amount > 0 and tonumber(before) * left > (limit - tonumber(current) - amount) * 60000 then
    return answer(place / 2)
  end
end
for place = 2, #KEYS, 2 do
  local at = 4 + (place - 2) / 2 * 6
  if tonumber(ARGV[at + 2]) > 0 then
    redis.call('incrby', KEYS[place], ARGV[at + 2])
    redis.call('expire', KEYS[place], ARGV[at + 4])
    if ARGV[at + 5] == 'held' then
      redis.call('zadd', KEYS[1], ARGV[2], id)
      redis.call('hincrby', KEYS[1] .. '/' .. id, KEYS[place], ARGV[at + 2])
      redis.call('expire', KEYS[1] .. '/' .. id, 3456000)
    end
  end
end
return answer(0)
"""
)
"""Take all charges, or none. First gives back what was taken by requests that nobody renews.

KEYS then: each charge's counter, and that of the minute before. ARGV: now, until when the request is believed to be
under way, its id; then of each charge: what it is (`minute`, `budget`, `once`), limit, amount, milliseconds for which
the minute before counts, seconds for which the counter is kept, and whether the amount is `held`. Answers texts: 0, the
number of the charge that does not fit, or that of a budget without a counter, negative; then for each charge that was
looked at what its counters said before.
"""

SETTLE = """
local ledger = KEYS[1] .. '/' .. ARGV[1]
for place = 2, #KEYS, 2 do
  local at = 2 + (place - 2) / 2 * 5
  local taken, more = tonumber(ARGV[at + 1]), ARGV[at + 2]
  local function add(counter, amount)
    if tonumber(amount) == 0 then return end
    local new = ARGV[at] == 'minute' and tonumber(amount) > 0
    if not new and redis.call('exists', counter) == 0 then return end
    local sum = redis.call('incrby', counter, amount)
    if new then redis.call('expire', counter, ARGV[at + 3]) end
    if ARGV[at] == 'once' and sum <= 0 then redis.call('del', counter) end
  end
  if ARGV[at + 4] == 'held' then
    local held = tonumber(redis.call('hget', ledger, KEYS[place]) or '0')
    if held < taken then add(KEYS[place], string.format('%.0f', taken - held)) end
  end
  add(KEYS[place + 1], more)
end
redis.call('del', ledger)
redis.call('zrem', KEYS[1], ARGV[1])
"""
"""Have what was taken count with what it came to. What was given back meanwhile is taken again first.

KEYS then: each charge's counter, and the one that is to have more (or less). ARGV: the request's id; then of each
charge: what it is, the amount taken, how much more, seconds for which the counter is kept, and whether it was `held`.
"""

BEGIN = (
    _HELD
    + """
if redis.call('exists', KEYS[2]) == 1 then return end
redis.call('set', KEYS[2], ARGV[1])
redis.call('incrby', KEYS[2], string.format('%.0f', held(KEYS[2])))
redis.call('expire', KEYS[2], ARGV[2])
"""
)
"""Begin the counter of a budget with a value and what is under way. KEYS then: the counter. ARGV: value, seconds."""

RAISE = (
    _HELD
    + """
local found = redis.call('get', KEYS[2])
if not found then return end
local missing = tonumber(ARGV[1]) + held(KEYS[2]) - tonumber(found)
if missing > 0 then redis.call('incrby', KEYS[2], string.format('%.0f', missing)) end
"""
)
"""Have the counter of a budget say at least a value and what is under way, if there is one. KEYS, ARGV as above."""
