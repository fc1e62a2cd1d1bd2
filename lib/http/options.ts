import type { IncomingMessage } from 'node:http'
import type { Cache } from '../cache/cache'
import { defaultCache, checkDefaultCache, requireCache } from '../cache/default-cache'
import { checkTags } from '../cache/tags'
import { checkOptions, describeValue, wholeNumber } from '../check-options'
import type { Duration } from '../duration'
import { parseDuration } from '../duration'
import { InvalidOptionError } from '../errors'

// What the application puts on a request is its own to type.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Anything = any

/**
 * A request as Express hands it on, with whatever earlier middleware put on it. What that is, is the
 * application's to type: annotate the parameter where you want it checked.
 */
export type CacheableRequest = IncomingMessage & {
  readonly auth?: Anything
  readonly user?: Anything
  readonly session?: Anything
  readonly params?: Anything
  readonly query?: Anything
  readonly cookies?: Anything
} & Record<string, Anything>

/** The request headers that say who asks, or may. */
export const CREDENTIAL_HEADERS = [
  'authorization',
  'cookie',
  'proxy-authorization',
  'x-api-key',
  'x-auth-token',
  'x-access-token',
] as const

/** One of them. */
export type CredentialHeader = (typeof CREDENTIAL_HEADERS)[number]

/** How a route's responses are cached. */
export interface ResponseOptions<Req extends IncomingMessage = CacheableRequest> {
  /** What the response is made from, for `invalidateTags`: fixed, or by the request. */
  readonly tags?: readonly string[] | ((req: Req) => readonly string[])
  /**
   * Whose copy this is: an identity from the verified request, which becomes part of the key. Without it a
   * response to somebody who is known is shared only where the route says `public` or `s-maxage`. Where it
   * answers `undefined` or `''` the response is not cached.
   */
  readonly scope?: (req: Req) => string | number | undefined
  /**
   * Credentials that the route is known not to depend on: requests that carry them share its responses.
   *
   * @default none
   */
  readonly ignore?: readonly CredentialHeader[]
  /** The largest body that is stored, in bytes; a larger one is sent and not stored. @default 1048576 (1 MiB) */
  readonly maxBodyBytes?: number
  /** Which cache. @default the default cache, looked up at each request */
  readonly cache?: Cache
}

/** The options, checked and filled in once. */
export interface ResponseConfiguration {
  readonly ttlMs: number | undefined
  readonly tags: (req: IncomingMessage) => readonly string[]
  readonly scope: ((req: IncomingMessage) => string | number | undefined) | undefined
  readonly ignore: readonly CredentialHeader[]
  readonly maxBodyBytes: number
  readonly cache: () => Cache
}

const OWNER = 'cacheResponse'

/**
 * Reads what `cacheResponse` was called with.
 *
 * @throws {InvalidOptionError} naming the option; {@link InvalidEnvironmentError} where the default cache
 *   could not be made.
 */
export function resolveResponseOptions(ttl: unknown, given: unknown): ResponseConfiguration {
  const hasOptionsOnly = typeof ttl === 'object' && ttl !== null
  const options = (hasOptionsOnly ? ttl : given) as ResponseOptions<IncomingMessage> | undefined
  if (hasOptionsOnly && given !== undefined)
    throw new InvalidOptionError(OWNER, 'expected a ttl before the options')
  checkOptions(OWNER, options, ['tags', 'scope', 'ignore', 'maxBodyBytes', 'cache'])
  return Object.freeze({
    ttlMs: hasOptionsOnly || ttl === undefined ? undefined : parseDuration(ttl as Duration, `${OWNER}: ttl`),
    tags: resolveTags(options?.tags),
    scope: resolveScope(options?.scope),
    ignore: resolveIgnore(options?.ignore),
    maxBodyBytes: wholeNumber(`${OWNER}: maxBodyBytes`, options?.maxBodyBytes, { min: 0, default: 2 ** 20 }),
    cache: resolveCache(options?.cache),
  })
}

function resolveTags(tags: ResponseOptions<IncomingMessage>['tags'] = []): ResponseConfiguration['tags'] {
  if (typeof tags === 'function') return (req) => checkTags(`${OWNER}: tags`, tags(req))
  const fixed = checkTags(`${OWNER}: tags`, tags)
  return () => fixed
}

function resolveScope(scope: ResponseOptions<IncomingMessage>['scope']): ResponseConfiguration['scope'] {
  if (scope === undefined || typeof scope === 'function') return scope
  throw new InvalidOptionError(
    `${OWNER}: scope`,
    `expected a function of the request, got ${describeValue(scope)}`,
  )
}

function resolveIgnore(ignore: unknown = []): readonly CredentialHeader[] {
  if (
    Array.isArray(ignore) &&
    ignore.every((name) => (CREDENTIAL_HEADERS as readonly unknown[]).includes(name))
  ) {
    return [...(ignore as CredentialHeader[])]
  }
  throw new InvalidOptionError(
    `${OWNER}: ignore`,
    `expected an array of ${CREDENTIAL_HEADERS.join(', ')}, got ${describeValue(ignore)}`,
  )
}

function resolveCache(cache: unknown): () => Cache {
  if (cache === undefined) {
    checkDefaultCache()
    return defaultCache
  }
  const fixed = requireCache(`${OWNER}: cache`, cache)
  return () => fixed
}
