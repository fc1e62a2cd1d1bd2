import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { validatorsOf } from './conditional'
import type { StoredResponse } from './stored-response'
import { quietly } from './watched-requests'

/** Conditions of the client's own: they are answered here, so that the route gives the whole response. */
const CONDITIONS = ['if-none-match', 'if-modified-since', 'if-range', 'range'] as const

/** Whether a client asks for less than the whole response, or for it only if it is another one. */
export function hasConditions(headers: IncomingHttpHeaders): boolean {
  return (
    headers['if-none-match'] !== undefined ||
    headers['if-modified-since'] !== undefined ||
    headers.range !== undefined ||
    headers['if-range'] !== undefined
  )
}

/**
 * The headers that a request is answered by, as a copy: the route may change those that it is given, once it has read
 * them.
 */
export function headersAsAsked(req: IncomingMessage): IncomingHttpHeaders {
  return quietly(req, () => ({ ...req.headers }))
}

/** Takes away the conditions of headers that a route is shown: the client's, or those that ask of the former response. */
export function withholdConditions(shown: IncomingHttpHeaders): void {
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- The names are those above.
  for (const name of CONDITIONS) delete shown[name]
}

/**
 * The headers that the route is shown where its whole response is wanted: none of the client's conditions, and those
 * by which it can say that the former response is still right (RFC 9111 §4.3.1).
 */
export function headersForRoute(
  { headers }: IncomingMessage,
  former: StoredResponse | undefined,
): IncomingHttpHeaders {
  if (former === undefined && !hasConditions(headers)) return headers
  const shown = { ...headers }
  withholdConditions(shown)
  return former === undefined ? shown : Object.assign(shown, validatorsOf(former))
}
