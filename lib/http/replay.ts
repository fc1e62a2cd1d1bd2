import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './answer'
import { answerTo, mayBeEncoded } from './answer'
import type { StoredResponse } from './stored-response'

/** Sends what a stored response answers to a request. */
export function replay(req: IncomingMessage, res: ServerResponse, stored: StoredResponse, now: number): void {
  const { method, headers } = req
  const asked = { method, headers, mayBeEncoded: headers.range !== undefined && mayBeEncoded(res, headers) }
  const answer = answerTo(asked, stored, now)
  setHead(res, answer)
  res.end(answer.body)
}

/** Puts an answer's head in the place of what was set. */
export function setHead(res: ServerResponse, answer: Omit<Answer, 'body'>): void {
  const { status, statusMessage, fields, removed = [] } = answer
  for (const name of removed) res.removeHeader(name)
  res.statusCode = status
  if (statusMessage !== '') res.statusMessage = statusMessage
  for (const [name, value] of fields) res.setHeader(name, value)
}

/** Whether a stored response may be used without asking the route (RFC 9111 §4.2). */
export function isFresh(stored: StoredResponse, now: number): boolean {
  return now < stored.recordedAt + stored.freshForMs
}

/** How many milliseconds a stored response may still be used; below 0 once that is over. */
export function remainingMs(stored: StoredResponse, now: number): number {
  return stored.recordedAt + stored.freshForMs - now
}
