import type { Visit } from './visit'
import { tell } from './visit'

/** Answers a client that wants only what is stored, where there is nothing (RFC 9111 §5.2.1.7). The request goes nowhere. */
export function refuseToForward(visit: Visit): void {
  visit.cache.counters.count(false)
  tell(visit, { detail: 'only-if-cached' })
  visit.res.statusCode = 504
  visit.res.end()
}
