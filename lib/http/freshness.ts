import type { Directives } from './cache-control'
import { deltaSeconds } from './cache-control'
import { parseHttpDate } from './http-date'
import type { Recording } from './recording'
import { field } from './recording'

/** How long a response may be used, in milliseconds from now, and who says so. */
export interface Freshness {
  readonly freshForMs: number
  readonly declaredBy: 'route' | 'ttl'
}

/** Statuses to which the `ttl` option applies where the route declares no freshness: never errors. */
const TTL_STATUSES = new Set([200, 203, 204, 300, 301, 308])

/**
 * How long a shared cache may use a response (RFC 9111 §4.2.1): `s-maxage`, else `max-age`, else `Expires`,
 * less the age it came with; else the `ttl` option. `undefined` where nothing says so: nothing is guessed.
 */
export function freshnessOf(
  response: Recording,
  directives: Directives,
  ttlMs: number | undefined,
): Freshness | undefined {
  const declared = declaredSeconds(response, directives)
  if (declared !== undefined) {
    const age = deltaSeconds(String(field(response, 'age') ?? '0'))
    return { freshForMs: Math.max(0, declared - age) * 1000, declaredBy: 'route' }
  }
  if (ttlMs === undefined || !TTL_STATUSES.has(response.status)) return undefined
  return { freshForMs: ttlMs, declaredBy: 'ttl' }
}

function declaredSeconds(response: Recording, directives: Directives): number | undefined {
  const lifetime = directives.get('s-maxage') ?? directives.get('max-age')
  if (lifetime !== undefined) return deltaSeconds(lifetime)
  const expires = field(response, 'expires')
  if (expires === undefined) return undefined
  const until = parseHttpDate(String(expires))
  const from = parseHttpDate(String(field(response, 'date') ?? '')) || response.recordedAt
  // An Expires that cannot be read lies in the past (RFC 9111 §5.3).
  return Number.isNaN(until) ? 0 : Math.max(0, (until - from) / 1000)
}
