import { createHash } from 'node:crypto'

/** A Lua script with the name by which Redis knows it once it has seen it. */
export interface RedisScript {
  readonly source: string
  readonly sha1: string
}

/**
 * KEYS: counter, stamps. ARGV: epoch for a new counter, ttl. Advances the counter, writes it everywhere. By one,
 * or up to the server's clock in microseconds: a server that went back in time is not to give out again the
 * counts of what it has forgotten.
 */
export const STAMP = script(`
local epoch, number = string.match(redis.call('GET', KEYS[1]) or '', '^([%w_-]+)%.(%d+)$')
if not epoch then epoch, number = ARGV[1], '0' end
local time = redis.call('TIME')
local count = epoch .. '.' .. string.format('%.0f', math.max(number + 1, time[1] * 1000000 + time[2]))
for i = 1, #KEYS do redis.call('SET', KEYS[i], count, 'PX', ARGV[2]) end
return count`)

/**
 * KEYS: counter, stamps. ARGV: epoch for a new counter, ttl. Creates what is missing or of a counter that is
 * gone, prolongs the rest.
 */
export const ENSURE_STAMPS = script(`
local count = redis.call('GET', KEYS[1]) or (ARGV[1] .. '.0')
local epoch = string.match(count, '^[^.]*')
for i = 1, #KEYS do
  local found = redis.call('GET', KEYS[i])
  if not found or string.match(found, '^[^.]*') ~= epoch then
    redis.call('SET', KEYS[i], count, 'PX', ARGV[2])
  else
    local left = redis.call('PTTL', KEYS[i])
    if left >= 0 and left < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
  end
end
return count`)

/** KEYS: key. ARGV: number, ttl. Keeps the greater number and the longer life. */
export const RAISE = script(`
local before = tonumber(redis.call('GET', KEYS[1]) or '')
local ttl = math.max(tonumber(ARGV[2]), redis.call('PTTL', KEYS[1]))
local value = ARGV[1]
if before and before > tonumber(value) then value = string.format('%.0f', before) end
redis.call('SET', KEYS[1], value, 'PX', string.format('%.0f', ttl))
return 1`)

/** All of them. */
export const SCRIPTS: readonly RedisScript[] = [STAMP, ENSURE_STAMPS, RAISE]

function script(source: string): RedisScript {
  return { source, sha1: createHash('sha1').update(source).digest('hex') }
}
