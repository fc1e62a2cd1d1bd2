import { deltaSeconds, forbidsStale, namedFields } from './cache-control'
import { parseHttpDate } from './http-date'
import type { Recording } from './recording'
import { field } from './recording'
import type { CacheDirectives } from './targeted-cache-control'

/** For how long a response may be used, and who says so. */
export interface Freshness {
  /** From now on, in milliseconds; where it is stale already, 0, or below that for how long it has been. */
  readonly freshForMs: number
  /** How old it is already, in seconds. */
  readonly initialAge: number
  /** How long it may stand in beyond that while the route runs again, in milliseconds (RFC 5861 §3). */
  readonly staleWhileRevalidateMs: number
  /** How long it may stand in beyond that where the route fails, in milliseconds (RFC 5861 §4). */
  readonly staleIfErrorMs: number
  /** Whether a client may ask for it once it is over (RFC 9111 §4.2.4, §5.2.1.2). */
  readonly mayBeStale: boolean
  readonly declaredBy: 'route' | 'ttl'
}

/** What the application says of freshness. */
export interface FreshnessOptions {
  /** For what declares none, in milliseconds. */
  readonly ttlMs: number | undefined
  /** Whether the ttl comes before what the route declares. */
  readonly overrideCacheControl: boolean
  /** The statuses that the ttl is for; `undefined` for those that are no errors. */
  readonly statuses: readonly number[] | undefined
  /** Where the route says nothing, in milliseconds. */
  readonly staleWhileRevalidateMs: number
  /** Where the route says nothing, in milliseconds. */
  readonly staleIfErrorMs: number
}

/** Statuses to which the `ttl` option applies where the route declares no freshness: never errors. */
const TTL_STATUSES: readonly number[] = [200, 203, 204, 300, 301, 308]

/**
 * How long a shared cache may use a response (RFC 9111 §4.2.1): `s-maxage`, else `max-age`, else `Expires`,
 * less the age it came with; else the `ttl` option. `undefined` where nothing says so: nothing is guessed.
 */
export function freshnessOf(
  response: Recording,
  said: CacheDirectives,
  options: FreshnessOptions,
): Freshness | undefined {
  const ttlMs = (options.statuses ?? TTL_STATUSES).includes(response.status) ? options.ttlMs : undefined
  const isOverridden = options.overrideCacheControl && ttlMs !== undefined
  const declared = isOverridden ? undefined : declaredSeconds(response, said)
  if (declared !== undefined) {
    const initialAge = initialAgeOf(response)
    const freshForMs = (declared - initialAge) * 1000
    return { freshForMs, initialAge, ...staleWindows(said, options), declaredBy: 'route' }
  }
  // HTTP/1.0's way of saying no-cache.
  const isUncacheable = /no-cache/i.test(String(field(response, 'pragma') ?? ''))
  if (ttlMs === undefined || (isUncacheable && !isOverridden)) return undefined
  return {
    freshForMs: ttlMs,
    initialAge: initialAgeOf(response),
    ...staleWindows(said, options),
    declaredBy: 'ttl',
  }
}

/**
 * How old a response was when it came, in seconds (RFC 9111 §4.2.3): by its Age, which it may have had when it was
 * asked for already, or by its Date.
 */
export function initialAgeOf(response: Recording): number {
  const delay = Math.max(0, response.delayMs ?? 0) / 1000
  if (field(response, 'age') === undefined && field(response, 'date') === undefined) return delay
  // The first member counts, and what is no number of seconds doesn't (RFC 9111 §5.1).
  const [age = ''] = [field(response, 'age') ?? ''].flat().join(',').split(',')
  const date = parseHttpDate(String(field(response, 'date') ?? ''))
  const apparentAge = Number.isNaN(date) ? 0 : Math.floor((response.recordedAt - date) / 1000)
  return Math.max(0, apparentAge, deltaSeconds(age.trim()) + delay)
}

/** The field by which a response says for how long it is fresh, in lower case. */
export function declaringField({ directives, field: name, isTargeted }: CacheDirectives): string {
  const isByDirective = directives.has('s-maxage') || directives.has('max-age') || directives.has('no-cache')
  return isTargeted || isByDirective ? name : 'expires'
}

function declaredSeconds(
  response: Recording,
  { directives, isTargeted }: CacheDirectives,
): number | undefined {
  // To be used only if the route says so each time.
  if (namedFields(directives, 'no-cache') === 'all') return 0
  const lifetime = directives.get('s-maxage') ?? directives.get('max-age')
  if (lifetime !== undefined) return deltaSeconds(lifetime)
  const expires = isTargeted ? undefined : field(response, 'expires')
  if (expires === undefined) return undefined
  const until = parseHttpDate(String(expires))
  const date = parseHttpDate(String(field(response, 'date') ?? ''))
  // An Expires that cannot be read lies in the past (RFC 9111 §5.3).
  if (Number.isNaN(until)) return 0
  return (until - (Number.isNaN(date) ? response.recordedAt : date)) / 1000
}

/** How long it may stand in beyond its life (RFC 5861), unless that is forbidden (RFC 9111 §4.2.4). */
function staleWindows(
  { directives }: CacheDirectives,
  options: FreshnessOptions,
): Pick<Freshness, 'staleWhileRevalidateMs' | 'staleIfErrorMs' | 'mayBeStale'> {
  const isForbidden = forbidsStale(directives)
  // s-maxage forbids it too (RFC 9111 §5.2.2.10), except where the same field allows it by name.
  const isUnsaid = isForbidden || directives.has('s-maxage')
  const window = (name: string, otherwise: number): number => {
    const said = directives.get(name)
    if (isForbidden) return 0
    if (said !== undefined) return deltaSeconds(said) * 1000
    return isUnsaid ? 0 : otherwise
  }
  return {
    staleWhileRevalidateMs: window('stale-while-revalidate', options.staleWhileRevalidateMs),
    staleIfErrorMs: window('stale-if-error', options.staleIfErrorMs),
    mayBeStale: !isUnsaid,
  }
}
