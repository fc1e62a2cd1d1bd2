import type { Visit } from './visit'

const pointedOut = new WeakSet<object>()

/** Says, once for a middleware, that a route reads a request field which its key does not cover. */
export function pointOutUnkeyed(visit: Visit, field: string): void {
  const { cache, configuration } = visit
  if (pointedOut.has(configuration)) return
  pointedOut.add(configuration)
  const message = 'A cached route reads a request field that its key does not cover'
  cache.core.configuration.logger.warn(message, { field, ...routeOf(visit) })
}

/** Says that a route which never declares freshness is behind a middleware without a ttl for nothing. */
export function pointOutRefusals(visit: Visit): void {
  visit.cache.core.configuration.logger.warn(
    'cacheResponse() without a ttl stores what the route declares fresh, and so far that was nothing: see Cache-Status',
    routeOf(visit),
  )
}

/** The route's pattern. Not the URL: that may hold what must not be in a log. */
function routeOf({ req }: Visit): { route?: string } {
  const { route } = req as Visit['req'] & { route?: { path?: unknown } }
  return route === undefined ? {} : { route: String(route.path) }
}
