import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duration } from '../duration'
import { CachedRoute } from './cached-route'
import { markCaching } from './declared-freshness'
import { keepInDictionaries } from '../dictionaries'
import { concernedTargets, dropTargets, isSuccess, isUnsafe } from './invalidation'
import type { CacheableRequest, ResponseOptions } from './options'
import { handOn, overruleOuter, passageOf } from './passage'
import { record } from './recorder'
import { sentTargetOf } from './request-key'
import type { ResponseConfiguration } from './response-configuration'
import { resolveResponseOptions } from './response-configuration'
import type { Visit } from './visit'
import { tellOf, visitOf, whyPassed } from './visit'
import { quietly } from './watched-requests'

/** Express middleware, under Express 4 and 5. */
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void

/**
 * Caches what a route sends in answer to GET, and answers GET and HEAD from it. What may be stored and for how
 * long is the route's to say (`Cache-Control`, `Expires`); the ttl stands in where it says nothing, and never
 * for errors. A response to somebody who is known (`Authorization`, `Cookie`, `req.auth`, `req.user`) is not
 * shared unless `scope` says whose it is or the route says so. A successful POST, PUT, PATCH or DELETE drops what is
 * stored for its URL. `Cache-Status` tells what was done.
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
  const route = new CachedRoute(configuration)
  const middleware: Middleware = function cacheResponse(req, res, next) {
    try {
      const visit = visitFor(req, res, configuration)
      if (visit === undefined) next()
      else if (!route.answerNear(visit)) route.answer(visit, next).catch(next)
    } catch (error) {
      overruleOuter(req, false)
      next(error)
    }
  }
  return markCaching(middleware)
}

/** What there is to know of a request that is looked up; `undefined` where it is to be handed on as it is. */
function visitFor(
  req: IncomingMessage,
  res: ServerResponse,
  configuration: ResponseConfiguration,
): Visit | undefined {
  const { method } = req
  if (method !== 'GET' && method !== 'HEAD') {
    tellOf(res, configuration, { fwd: 'method' })
    if (isUnsafe(method)) dropAfter(req, res, configuration)
    return undefined
  }
  keepInDictionaries(req, res)
  const { headers } = req
  const detail = quietly(req, () => whyPassed(req, method, headers))
  const visit = detail === undefined ? visitOf(req, res, configuration) : undefined
  const isLookedUp = visit !== undefined && visit !== 'no-scope'
  overruleOuter(req, isLookedUp)
  if (isLookedUp) return visit
  handOnUnseen(req, configuration)
  tellOf(res, configuration, { fwd: 'bypass', detail: detail ?? 'no-scope' })
  return undefined
}

/** Of a request that is handed on as it is: it may be looked up further in. */
function handOnUnseen(req: IncomingMessage, configuration: ResponseConfiguration): void {
  const passing = { isScoped: false, sendsTags: configuration.cacheTagHeader, whose: [] }
  handOn(req, passing, passageOf(req)?.tags ?? [])
}

/** Drops what is stored for the URL of an unsafe request once it has been carried out (RFC 9111 §4.4). */
function dropAfter(req: IncomingMessage, res: ServerResponse, configuration: ResponseConfiguration): void {
  const target = sentTargetOf(req)
  let dropped: Promise<void> | undefined
  record(res, {
    onHead(head) {
      if (isSuccess(head.status)) {
        const targets = [target, ...concernedTargets(target, head)]
        dropped = dropTargets(configuration.cache(), targets, configuration.query)
      }
      return {}
    },
    onDone: () => undefined,
    // Whoever has the answer does not get the old response any more.
    beforeEnd: () => dropped,
  })
}
