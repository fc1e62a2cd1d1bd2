import type { IncomingMessage, ServerResponse } from 'node:http'
import { isNotModified } from './conditional'
import type { StoredResponse } from './stored-response'

/** Fields that describe a body and have no place in a 304 (RFC 9110 §15.4.5). */
const BODY_FIELDS = /^content-(length|type|encoding|language|range)$/i

/** Sends a stored response, or 304 where the client has it already. */
export function replay(req: IncomingMessage, res: ServerResponse, stored: StoredResponse, now: number): void {
  const isUnchanged = isNotModified(stored, req.headers)
  res.statusCode = isUnchanged ? 304 : stored.status
  if (!isUnchanged && stored.statusMessage !== '') res.statusMessage = stored.statusMessage
  for (const [name, value] of stored.fields) {
    if (!isUnchanged || !BODY_FIELDS.test(name)) res.setHeader(name, value)
  }
  res.setHeader('Date', new Date(stored.recordedAt).toUTCString())
  res.setHeader('Age', String(ageOf(stored, now)))
  if (isUnchanged) {
    res.end()
    return
  }
  if (stored.status !== 204) res.setHeader('Content-Length', String(stored.body.length))
  res.end(stored.body)
}

/** How old a stored response is, in whole seconds (RFC 9111 §4.2.3). */
export function ageOf(stored: StoredResponse, now: number): number {
  return stored.initialAge + Math.max(0, Math.floor((now - stored.recordedAt) / 1000))
}

/** Whether a stored response may be used without asking the route (RFC 9111 §4.2). */
export function isFresh(stored: StoredResponse, now: number): boolean {
  return now < stored.recordedAt + stored.freshForMs
}

/** How many whole seconds a stored response may still be used. */
export function remainingSeconds(stored: StoredResponse, now: number): number {
  return Math.floor((stored.recordedAt + stored.freshForMs - now) / 1000)
}
