import type { IncomingMessage } from 'node:http'
import type { Cache } from '../cache/cache'
import { checkDefaultCache, defaultCache, requireCache } from '../cache/default-cache'
import { checkTags } from '../cache/tags'
import { checkOptions, describeValue, oneOf, wholeNumber } from '../check-options'
import type { Duration } from '../duration'
import { parseDuration } from '../duration'
import { InvalidOptionError } from '../errors'
import type { ResponseOptions } from './options'
import type { QueryOption } from './query-part'
import { parameterNamed } from './query-part'
import type { StorageOptions } from './storability'
import type { CredentialHeader } from './who-asks'
import { CREDENTIAL_HEADERS } from './who-asks'

/** The options, checked and filled in once. */
export interface ResponseConfiguration extends StorageOptions {
  readonly tags: (req: IncomingMessage) => readonly string[]
  readonly cacheTagHeader: boolean
  readonly scope: ((req: IncomingMessage) => unknown) | undefined
  readonly key: ((req: IncomingMessage) => unknown) | undefined
  readonly query: QueryOption
  readonly vary: readonly string[]
  readonly ignore: readonly CredentialHeader[]
  readonly routeTimeoutMs: number
  /** 0 where nobody waits. */
  readonly collapseMs: number
  readonly honoursRequest: boolean
  readonly etag: 'strong' | 'weak' | false
  readonly cacheStatus: 'on' | 'off' | 'with-key'
  /** Whether what a route reads is pointed out: not in production. */
  readonly pointsOut: boolean
  readonly cache: () => Cache
}

type Options = ResponseOptions<IncomingMessage>

const OWNER = 'cacheResponse'
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~\w]+$/
const KNOWN = [
  ...[
    'tags',
    'cacheTagHeader',
    'scope',
    'key',
    'query',
    'vary',
    'ignore',
    'overrideCacheControl',
    'statuses',
  ],
  ...[
    'targetedFields',
    'staleWhileRevalidate',
    'staleIfError',
    'routeTimeout',
    'collapse',
    'requestDirectives',
  ],
  ...['etag', 'setCookie', 'cacheStatus', 'maxBodyBytes', 'cache'],
]

/**
 * Reads what `cacheResponse` was called with.
 *
 * @throws {InvalidOptionError} naming the option; {@link InvalidEnvironmentError} where the default cache
 *   could not be made.
 */
export function resolveResponseOptions(ttl: unknown, given: unknown): ResponseConfiguration {
  const hasOptionsOnly = typeof ttl === 'object' && ttl !== null
  if (hasOptionsOnly && given !== undefined)
    throw new InvalidOptionError(OWNER, 'expected a ttl before the options')
  checkOptions(OWNER, hasOptionsOnly ? ttl : given, KNOWN)
  const options: Options = (hasOptionsOnly ? ttl : given) ?? {}
  const ttlMs =
    hasOptionsOnly || ttl === undefined ? undefined : parseDuration(ttl as Duration, `${OWNER}: ttl`)
  const overrideCacheControl = flag('overrideCacheControl', options.overrideCacheControl)
  if (overrideCacheControl && ttlMs === undefined)
    throw new InvalidOptionError(
      `${OWNER}: overrideCacheControl`,
      'expected a ttl to go before Cache-Control',
    )
  return Object.freeze({
    ttlMs,
    overrideCacheControl,
    tags: resolveTags(OWNER, options.tags),
    cacheTagHeader: flag('cacheTagHeader', options.cacheTagHeader),
    scope: functionOfRequest('scope', options.scope),
    key: functionOfRequest('key', options.key),
    query: resolveQuery(options.query),
    vary: fieldNames('vary', options.vary),
    ignore: resolveIgnore(options.ignore),
    statuses: resolveStatuses(options.statuses),
    targetedFields: fieldNames('targetedFields', options.targetedFields),
    staleWhileRevalidateMs: duration('staleWhileRevalidate', options.staleWhileRevalidate, 0),
    staleIfErrorMs: duration('staleIfError', options.staleIfError, 0),
    routeTimeoutMs: duration('routeTimeout', options.routeTimeout, 10_000),
    collapseMs: options.collapse === false ? 0 : duration('collapse', options.collapse, 5000),
    honoursRequest:
      oneOf(`${OWNER}: requestDirectives`, options.requestDirectives, ['ignore', 'honour'], 'ignore') ===
      'honour',
    etag: resolveEtag(options.etag),
    setCookie: oneOf(`${OWNER}: setCookie`, options.setCookie, ['refuse', 'strip'], 'refuse'),
    cacheStatus: oneOf(`${OWNER}: cacheStatus`, options.cacheStatus, ['on', 'off', 'with-key'], 'on'),
    maxBodyBytes: wholeNumber(`${OWNER}: maxBodyBytes`, options.maxBodyBytes, { min: 0, default: 2 ** 20 }),
    pointsOut: process.env['NODE_ENV'] !== 'production',
    cache: resolveCache(OWNER, options.cache),
  })
}

/** Compiles a `tags` option. */
export function resolveTags(owner: string, tags: unknown = []): (req: IncomingMessage) => readonly string[] {
  if (typeof tags === 'function') {
    return (req) => checkTags(`${owner}: tags`, (tags as (req: IncomingMessage) => unknown)(req))
  }
  const fixed = checkTags(`${owner}: tags`, tags)
  return () => fixed
}

/** Compiles a `cache` option. */
export function resolveCache(owner: string, cache: unknown): () => Cache {
  if (cache === undefined) {
    checkDefaultCache()
    return defaultCache
  }
  const fixed = requireCache(`${owner}: cache`, cache)
  return () => fixed
}

function functionOfRequest(name: string, value: unknown): ((req: IncomingMessage) => unknown) | undefined {
  if (value === undefined || typeof value === 'function')
    return value as ((req: IncomingMessage) => unknown) | undefined
  throw expected(name, 'a function of the request', value)
}

function resolveEtag(etag: unknown): 'strong' | 'weak' | false {
  return etag === undefined || etag === false
    ? false
    : oneOf<'strong' | 'weak'>(`${OWNER}: etag`, etag, ['strong', 'weak'], 'strong')
}

function flag(name: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false
  throw expected(name, 'true or false', value)
}

function duration(name: string, value: Duration | undefined, otherwise: number): number {
  return value === undefined ? otherwise : parseDuration(value, `${OWNER}: ${name}`)
}

function resolveQuery(query: unknown): QueryOption {
  if (query === undefined || query === 'as-sent' || query === 'sorted') return query ?? 'as-sent'
  if (isListOf(query, (name) => typeof name === 'string' && parameterNamed(name) !== ''))
    return (query as string[]).map(parameterNamed)
  throw expected('query', "'as-sent', 'sorted' or an array of parameters", query)
}

function fieldNames(name: string, names: unknown = []): readonly string[] {
  if (isListOf(names, (field) => typeof field === 'string' && FIELD_NAME.test(field) && field !== '*')) {
    return (names as string[]).map((field) => field.toLowerCase())
  }
  throw expected(name, 'an array of field names', names)
}

function resolveStatuses(statuses: unknown): readonly number[] | undefined {
  const isStatus = (status: unknown): boolean =>
    Number.isInteger(status) &&
    Number(status) >= 200 &&
    Number(status) <= 599 &&
    status !== 206 &&
    status !== 304
  if (statuses === undefined) return undefined
  if (isListOf(statuses, isStatus)) return [...(statuses as number[])]
  throw expected('statuses', 'an array of statuses from 200 to 599, without 206 and 304', statuses)
}

function resolveIgnore(ignore: unknown = []): readonly CredentialHeader[] {
  if (isListOf(ignore, (name) => (CREDENTIAL_HEADERS as readonly unknown[]).includes(name))) {
    return [...(ignore as CredentialHeader[])]
  }
  throw expected('ignore', `an array of ${CREDENTIAL_HEADERS.join(', ')}`, ignore)
}

function isListOf(value: unknown, isMember: (member: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isMember)
}

function expected(name: string, what: string, value: unknown): InvalidOptionError {
  return new InvalidOptionError(`${OWNER}: ${name}`, `expected ${what}, got ${describeValue(value)}`)
}
