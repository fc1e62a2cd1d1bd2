import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Cache } from '../cache/cache'
import type { Opened, Since } from '../cache/entry-reader'
import { encodeBytes } from '../cache/value-codec'
import { describeValue } from '../check-options'
import type { Duration } from '../duration'
import { InvalidKeyError } from '../errors'
import type { ForwardReason } from './cache-status'
import { setCacheStatus } from './cache-status'
import { deltaSeconds } from './cache-control'
import type { CacheableRequest, ResponseConfiguration, ResponseOptions } from './options'
import { resolveResponseOptions } from './options'
import { field } from './recording'
import { fieldsOf, record } from './recorder'
import { isFresh, remainingSeconds, replay } from './replay'
import { requestKey } from './request-key'
import type { Storability } from './storability'
import { isIdentified as identifies, storabilityOf } from './storability'
import type { StoredResponse } from './stored-response'
import { decodeResponse, encodeResponse, fieldsToStore, isVariantFor, variantOf } from './stored-response'

/** Express middleware, under Express 4 and 5. */
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void

/** One request under way: whom it is for, and under which key. */
interface Visit {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly cache: Cache
  readonly key: string
  readonly tags: readonly string[]
  readonly isScoped: boolean
  readonly isIdentified: boolean
}

/**
 * Caches what a route sends in answer to GET, and answers GET and HEAD from it. What may be stored and for how
 * long is the route's to say (`Cache-Control`, `Expires`); the ttl stands in where it says nothing, and never
 * for errors. A response to somebody who is known (`Authorization`, `Cookie`, `req.auth`, `req.user`) is not
 * shared unless `scope` says whose it is or the route says `public`. `Cache-Status` tells what was done.
 *
 * @param ttl - for how long, where the route itself says nothing: milliseconds, or a string like `'5m'`.
 *
 * @example
 * app.get('/timetable/:class', cacheResponse('5m'), timetable)
 * app.get('/dashboard', requireUser, cacheResponse('5m', { scope: (req) => req.auth.sub }), dashboard)
 *
 * @throws {InvalidOptionError} naming the option; {@link InvalidEnvironmentError} where the default cache
 *   could not be made.
 */
export function cacheResponse<Req extends IncomingMessage = CacheableRequest>(
  ttl?: Duration | ResponseOptions<Req>,
  options?: ResponseOptions<Req>,
): Middleware {
  const configuration = resolveResponseOptions(ttl, options)
  return function cacheResponse(req, res, next) {
    answer(req, res, configuration).then((isAnswered) => {
      if (!isAnswered) next()
    }, next)
  }
}

/** Answers from the cache, or prepares to store what the route is going to answer. */
async function answer(
  req: IncomingMessage,
  res: ServerResponse,
  configuration: ResponseConfiguration,
): Promise<boolean> {
  if (req.method !== 'GET' && req.method !== 'HEAD') return forward(res, { fwd: 'method' })
  if (req.headers.range !== undefined) return forward(res, { fwd: 'bypass', detail: 'range' })
  const scope = checkScope(configuration.scope?.(req))
  if (configuration.scope !== undefined && scope === undefined) {
    return forward(res, { fwd: 'bypass', detail: 'no-scope' })
  }
  const visit: Visit = {
    req,
    res,
    cache: configuration.cache(),
    key: requestKey(req, scope),
    tags: configuration.tags(req),
    isScoped: scope !== undefined,
    isIdentified: identifies(req, configuration.ignore),
  }
  const opened = await visit.cache.open(visit.key, visit.tags)
  const found = readStored(opened)
  const fwd = found === undefined ? 'uri-miss' : whyNotUsable(visit, found)
  visit.cache.counters.count(fwd === undefined)
  // Somebody else has answered meanwhile.
  if (res.headersSent) return true
  if (found !== undefined && fwd === undefined) {
    const now = visit.cache.clock.now()
    setCacheStatus(res, { hit: true, ttl: remainingSeconds(found, now) })
    replay(req, res, found, now)
    return true
  }
  recordVisit(visit, { since: opened.since, fwd: fwd ?? 'uri-miss' }, configuration)
  return false
}

/** Whose copy it is; `undefined` where nobody is known. What names nobody must not be a name for all. */
function checkScope(scope: unknown): string | number | undefined {
  if (scope === undefined || scope === null || scope === '') return undefined
  if (typeof scope === 'string' || (typeof scope === 'number' && Number.isFinite(scope))) return scope
  throw new InvalidKeyError(
    `cacheResponse: scope: expected a string or a number, got ${describeValue(scope)}`,
  )
}

function forward(res: ServerResponse, handling: Parameters<typeof setCacheStatus>[1]): false {
  setCacheStatus(res, handling)
  return false
}

function readStored({ entry }: Opened): StoredResponse | undefined {
  return entry?.kind === 'bytes' ? decodeResponse(entry.payload) : undefined
}

function whyNotUsable(visit: Visit, found: StoredResponse): ForwardReason | undefined {
  if (!isVariantFor(found, visit.req.headers)) return 'vary-miss'
  if (visit.isIdentified && !visit.isScoped && !found.isPublic) return 'bypass'
  if (!isFresh(found, visit.cache.clock.now())) return 'uri-miss'
  return undefined
}

function recordVisit(
  visit: Visit,
  { since, fwd }: { since: Since; fwd: ForwardReason },
  { ttlMs, maxBodyBytes, ignore }: ResponseConfiguration,
): void {
  const { req, res, cache, key, tags, isScoped, isIdentified } = visit
  const before = fieldsOf(res)
  let head: StoredResponse | undefined
  record(res, {
    onHead(sent) {
      const response = { ...sent, recordedAt: cache.clock.now() }
      const storability = storabilityOf(response, {
        ttlMs,
        maxBodyBytes,
        isScoped,
        // Asked again: who asks may have been found out behind this middleware.
        isIdentified: isIdentified || identifies(req, ignore),
      })
      const mayStore = storability.isStorable && req.method === 'GET'
      setCacheStatus(res, { fwd, stored: mayStore, ...detailOf(storability) })
      if (!storability.isStorable || !mayStore) return undefined
      head = {
        status: response.status,
        statusMessage: response.statusMessage,
        fields: fieldsToStore(response, before),
        recordedAt: response.recordedAt,
        freshForMs: storability.freshForMs,
        initialAge: deltaSeconds(String(field(response, 'age') ?? '0')),
        isPublic: storability.isPublic,
        variant: variantOf(response, req.headers),
        body: Buffer.alloc(0),
      }
      return maxBodyBytes
    },
    onSent(body) {
      if (head === undefined || isTruncated(head, body)) return
      const payload = encodeBytes(encodeResponse({ ...head, body }))
      void cache.write(key, payload, { since, ttlMs: Math.ceil(head.freshForMs), tags })
    },
  })
}

/** Whether less was sent than was promised: nothing that is cut off is kept (RFC 9111 §3.3). */
function isTruncated({ fields }: StoredResponse, body: Buffer): boolean {
  const promised = field({ fields }, 'content-length')
  return promised !== undefined && Number(promised) !== body.length
}

function detailOf(storability: Storability): {
  detail?: Exclude<Storability, { isStorable: true }>['reason']
} {
  return storability.isStorable ? {} : { detail: storability.reason }
}
