import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Cache } from '../cache/cache'
import { describeValue } from '../check-options'
import { InvalidKeyError } from '../errors'
import type { Detail, Handling } from './cache-status'
import { setCacheStatus } from './cache-status'
import { passageOf } from './passage'
import type { Passage, Passing } from './passage'
import type { QueryOption } from './query-part'
import { withQuery } from './query-part'
import type { Target } from './request-key'
import { keyedTargetOf, requestKey, targetTag } from './request-key'
import { field } from './recording'
import type { ResponseConfiguration } from './response-configuration'
import { ResponseStore } from './response-store'
import type { StoredResponse } from './stored-response'
import { isSpecial } from './unkeyed'
import { variantOf } from './vary'
import { quietly } from './watched-requests'
import { credentialsOf } from './who-asks'

/** One request under way: whom it is for, and under which key. */
export class Visit implements Passing {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly method: 'GET' | 'HEAD'
  /** Those of the request, as they were found. */
  readonly headers: IncomingHttpHeaders
  readonly configuration: ResponseConfiguration
  readonly cache: Cache
  readonly store: ResponseStore
  readonly key: string
  /**
   * By which those who change the URL find a response whose key says something else: the URL as it was sent, and that
   * part of it which belongs to the key. None for an ordinary key.
   */
  readonly urlTags: readonly string[]
  readonly isScoped: boolean
  /** Whether clients are told of the tags, for a CDN in front. */
  readonly sendsTags: boolean
  /** How it says who asks, if the key doesn't say it. */
  readonly credentials: readonly string[]
  /** The one that has handed the request on to this one. */
  readonly outer: Passage | undefined
  readonly whose: readonly unknown[]
  #isSpecial: boolean | undefined

  /** Of a request with a scope, if the middleware asks for one. */
  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    configuration: ResponseConfiguration,
    scope: string | number | undefined,
  ) {
    const { headers } = req
    const { query } = configuration
    const keyed = quietly(req, () => keyedTargetOf(req, headers))
    const key = configuration.key === undefined ? undefined : checkKey(configuration.key(req))
    const outer = passageOf(req)
    const parts = { scope, key, within: outer?.whose }
    const isForAll = scope === undefined && outer === undefined
    const isOrdinary = isForAll && key === undefined && query === 'as-sent'
    this.req = req
    this.res = res
    this.method = req.method as 'GET' | 'HEAD'
    this.headers = headers
    this.configuration = configuration
    this.cache = configuration.cache()
    this.store = storeOf(this.cache)
    const sent = chosen(keyed.sent, query)
    const target = keyed.target === keyed.sent ? sent : chosen(keyed.target, query)
    this.key = isOrdinary ? keyed.key : requestKey(target, parts)
    const isPlain = isOrdinary && keyed.sentTag === keyed.key
    this.urlTags = isPlain ? NO_TAGS : unique([keyed.sentTag, targetTag(sent)], this.key)
    this.sendsTags = configuration.cacheTagHeader || outer?.sendsTags === true
    this.isScoped = scope !== undefined || outer?.isScoped === true
    this.credentials = this.isScoped
      ? []
      : quietly(req, () => credentialsOf(req, configuration.ignore, headers))
    this.outer = outer
    const { vary } = configuration
    // Now: what stands between may change the fields of the request.
    const variant = vary.length === 0 ? undefined : quietly(req, () => variantOf(vary, headers))
    this.whose = [scope, key, variant]
  }

  /** Whether it says who asks, or what may mislead those who answer. */
  get isSpecial(): boolean {
    const { req, headers, credentials } = this
    this.#isSpecial ??= credentials.length > 0 || quietly(req, () => isSpecial(headers))
    return this.#isSpecial
  }
}

const NO_TAGS: readonly string[] = Object.freeze([])

/** Each of them once, but not this one. */
function unique(tags: readonly string[], own: string): readonly string[] {
  const all = new Set(tags)
  all.delete(own)
  return [...all]
}

const stores = new WeakMap<Cache, ResponseStore>()

/**
 * What there is to know of a request before anything is looked up.
 *
 * @throws {InvalidKeyError} where `scope` or `key` answers something that names nobody, or nothing.
 */
export function visitOf(
  req: IncomingMessage,
  res: ServerResponse,
  configuration: ResponseConfiguration,
): Visit | 'no-scope' {
  const scope = checkScope(configuration.scope?.(req))
  if (configuration.scope !== undefined && scope === undefined) return 'no-scope'
  return new Visit(req, res, configuration, scope)
}

/** A target with that part of its query which belongs to the key. */
function chosen(target: Target, query: QueryOption): Target {
  return query === 'as-sent' ? target : { ...target, url: withQuery(target.url, query) }
}

/** The tags that a request knows of before the route has run. */
export function tagsOf({ req, configuration, urlTags, outer }: Visit): readonly string[] {
  const tags = configuration.tags(req)
  if (outer !== undefined) return [...new Set([...tags, ...urlTags, ...outer.tags])]
  return urlTags.length === 0 ? tags : [...tags, ...urlTags]
}

/** Says on the response how its request was handled, and what was sent if that is not the route's. */
export function tell(visit: Visit, handling: Handling, stored?: StoredResponse): void {
  const { res, configuration, key } = visit
  if (configuration.cacheStatus !== 'off') {
    const named = configuration.cacheStatus === 'with-key' ? { ...handling, key } : handling
    setCacheStatus(res, named, visit, stored)
    return
  }
  const others = stored && field(stored, 'cache-status')
  if (others !== undefined && !res.headersSent) res.setHeader('Cache-Status', others)
}

/** The same of a request that was not looked up. */
export function tellOf(
  res: ServerResponse,
  { cacheStatus }: ResponseConfiguration,
  handling: Handling,
): void {
  if (cacheStatus !== 'off') setCacheStatus(res, handling)
}

/** Why a request is not looked up, and not stored. */
export function whyPassed(
  req: IncomingMessage,
  method: string,
  headers: IncomingHttpHeaders,
): Detail | undefined {
  const { originalMethod } = req as IncomingMessage & { originalMethod?: string }
  // The method-override package has made it a GET: others are not.
  if (originalMethod !== undefined && originalMethod !== method) return 'method'
  // What is in the body is not in the key.
  if ((headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined) return 'body'
  // These are for the route to answer (RFC 9110 §13.1.1).
  if (headers['if-match'] !== undefined || headers['if-unmodified-since'] !== undefined) return 'precondition'
  return undefined
}

function storeOf(cache: Cache): ResponseStore {
  const known = stores.get(cache)
  if (known !== undefined) return known
  const store = new ResponseStore(cache)
  stores.set(cache, store)
  return store
}

/** Whose copy it is; `undefined` where nobody is known. What names nobody must not be a name for all. */
function checkScope(scope: unknown): string | number | undefined {
  if (scope === undefined || scope === null || scope === '') return undefined
  if (typeof scope === 'string' || (typeof scope === 'number' && Number.isFinite(scope))) return scope
  throw new InvalidKeyError(
    `cacheResponse: scope: expected a string or a number, got ${describeValue(scope)}`,
  )
}

function checkKey(key: unknown): string {
  if (typeof key === 'string' && key !== '') return key
  throw new InvalidKeyError(
    `cacheResponse: key: expected a string that is not empty, got ${describeValue(key)}`,
  )
}
