import type { Visit } from './visit'

/** Of which routes something was said already, by middleware. */
const pointedOut = new WeakMap<object, Set<string>>()
/** Of so many, and of no more. */
const MOST_ROUTES = 100

/** Says, once for a route, that it reads a request field which its key does not cover. */
export function pointOutUnkeyed(visit: Visit, field: string): void {
  const { cache, configuration } = visit
  const { route = '' } = routeOf(visit)
  const routes = pointedOut.get(configuration) ?? new Set()
  if (routes.has(route) || routes.size >= MOST_ROUTES) return
  pointedOut.set(configuration, routes.add(route))
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
