import { createHash } from 'node:crypto'

/** A Lua script with the name by which Redis knows it once it has seen it. */
export interface RedisScript {
  readonly source: string
  readonly sha1: string
}

/**
 * KEYS: counter, stamps. ARGV: epoch for a new counter, ttl. Advances the counter, writes it everywhere. By one,
 * or up to the server's clock in microseconds: a server that went back in time is not to give out again the
 * counts of what it has forgotten. What has more time left than the ttl keeps it: there are values that count on it.
 */
export const STAMP = script(`
local epoch, number = string.match(redis.call('GET', KEYS[1]) or '', '^([%w_-]+)%.(%d+)$')
if not epoch then epoch, number = ARGV[1], '0' end
local time = redis.call('TIME')
local count = epoch .. '.' .. string.format('%.0f', math.max(number + 1, time[1] * 1000000 + time[2]))
for i = 1, #KEYS do
  local life = math.max(ARGV[2], redis.call('PTTL', KEYS[i]))
  redis.call('SET', KEYS[i], count, 'PX', string.format('%.0f', life))
end
return count`)

/**
 * KEYS: counter, stamps. ARGV: epoch for a new counter, ttl. Creates what is missing or of a counter that is
 * gone, prolongs what has less time. For twice that time: each write is told to all who have read the stamp.
 */
export const ENSURE_STAMPS = script(`
local count = redis.call('GET', KEYS[1]) or (ARGV[1] .. '.0')
local epoch = string.match(count, '^[^.]*')
local twice = string.format('%.0f', ARGV[2] * 2)
for i = 1, #KEYS do
  local found = redis.call('GET', KEYS[i])
  if not found or string.match(found, '^[^.]*') ~= epoch then
    redis.call('SET', KEYS[i], count, 'PX', twice)
  else
    local left = redis.call('PTTL', KEYS[i])
    if left >= 0 and left < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[i], twice) end
  end
end
return count`)

/**
 * Keeps the greater number and the longer life. Most keys are new, and are not read: servers before Redis 7.2 take each
 * reading of a script for one of all its keys.
 */
const RAISING = `
local function raise(key, number, life)
  if redis.call('SET', key, number, 'PX', string.format('%.0f', life), 'NX') then return end
  local before = redis.call('GET', key)
  local ttl = math.max(tonumber(life), redis.call('PTTL', key))
  if (tonumber(before or '') or -1) > tonumber(number) then number = before end
  redis.call('SET', key, number, 'PX', string.format('%.0f', ttl))
end`

/** KEYS: key. ARGV: number, ttl. */
export const RAISE = script(`${RAISING}
raise(KEYS[1], ARGV[1], ARGV[2])
return 1`)

/**
 * KEYS: log, the key beside each entry. ARGV: for how long entries are kept; bytes, number and ttl of each entry.
 * A server before Redis 6.2 can't drop what is old: there the log goes with its last entry.
 */
export const APPEND_LOG = script(`${RAISING}
for i = 2, #KEYS do
  local bytes, number, ttl = ARGV[3 * i - 4], ARGV[3 * i - 3], ARGV[3 * i - 2]
  raise(KEYS[i], number, ttl)
  redis.call('XADD', KEYS[1], '*', 'r', bytes)
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
local time = redis.call('TIME')
local oldest = time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[1]
if oldest > 0 then redis.pcall('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', oldest)) end
return 1`)

/** KEYS: key, its lease, its pulse. ARGV: value, ttl. Stores it, whoever holds the lease. Short: it is sent each time. */
export const SET =
  "redis.call('SET',KEYS[1],ARGV[1],'PX',ARGV[2]) return redis.call('UNLINK',KEYS[2],KEYS[3])"

// A lease is two keys: who has it, and his pulse, which ends when he has given no sign of life for a while; to take the
// lease is one too. As long as nobody else takes it, a lease without a pulse is still his. Only the first is written
// when it changes hands, so that whoever has read it is told of that, and not of each sign of life. GETEX reads it where
// nobody is to be told: servers before Redis 7.2 take each reading of a script for one of all its keys.

/**
 * KEYS: lease, pulse. ARGV: token, ttl, spare. Takes it or prolongs it, and answers 0; or for how long it is another's.
 * It is read last: a write of one's own makes the server forget that one wants to hear of the key.
 */
export const LEASE = script(`
if not redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2] + ARGV[3], 'NX') then
  if redis.call('GETEX', KEYS[1]) ~= ARGV[1] then
    local left = math.max(redis.call('PTTL', KEYS[2]), redis.call('PTTL', KEYS[1]) - ARGV[3])
    if left > 0 then return left end
  end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2] + ARGV[3])
end
redis.call('SET', KEYS[2], '', 'PX', ARGV[2])
redis.call('GET', KEYS[1])
return 0`)

/** KEYS: leases and their pulses, in pairs. ARGV: ttl, spare, a token for each. Prolongs those that are held. */
export const KEEP = script(`
local held = {}
for i = 1, #KEYS / 2 do
  local lease, pulse = KEYS[2 * i - 1], KEYS[2 * i]
  held[i] = 0
  if redis.call('GETEX', lease) == ARGV[i + 2] then
    held[i] = 1
    redis.call('SET', pulse, '', 'PX', ARGV[1])
    if redis.call('PTTL', lease) < ARGV[1] + ARGV[2] / 2 then
      redis.call('PEXPIRE', lease, ARGV[1] + ARGV[2])
      redis.call('GET', lease)
    end
  end
end
return held`)

/**
 * For several at once: KEYS are, for each, a key, its lease and its pulse; ARGV, for each, a token, a value and a ttl.
 * Stores those whose lease is held, which ends it.
 */
export const SET_LEASED = script(`
local stored = {}
for i = 1, #KEYS, 3 do
  if redis.call('GETEX', KEYS[i + 1]) ~= ARGV[i] then
    stored[#stored + 1] = 0
  else
    redis.call('SET', KEYS[i], ARGV[i + 1], 'PX', ARGV[i + 2])
    redis.call('UNLINK', KEYS[i + 1], KEYS[i + 2])
    stored[#stored + 1] = 1
  end
end
return stored`)

/** KEYS: lease, pulse. ARGV: token. Ends it where it is held. */
export const RELEASE = script(`
if redis.call('GETEX', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('UNLINK', KEYS[1], KEYS[2])`)

/** KEYS: key. ARGV: the place of the last byte. How many bytes there are, and the first of them. */
export const HEAD = script(`
local length = redis.call('STRLEN', KEYS[1])
if length == 0 then return false end
return {length, redis.call('GETRANGE', KEYS[1], 0, ARGV[1])}`)

/** All of them. */
export const SCRIPTS: readonly RedisScript[] = [
  STAMP,
  ENSURE_STAMPS,
  RAISE,
  APPEND_LOG,
  LEASE,
  KEEP,
  SET_LEASED,
  RELEASE,
  HEAD,
]

function script(source: string): RedisScript {
  return { source, sha1: createHash('sha1').update(source).digest('hex') }
}
