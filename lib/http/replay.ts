import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Answer } from './answer'
import { ageOf, answerTo, mayBeEncoded } from './answer'
import { hasConditions } from './asked-headers'
import { field } from './recording'
import type { StoredResponse } from './stored-response'

/** Sends what a stored response answers to a request. */
export function replay(
  { method, headers }: { readonly method: string; readonly headers: IncomingHttpHeaders },
  res: ServerResponse,
  stored: StoredResponse,
  now: number,
): void {
  if (!hasConditions(headers)) {
    sendWhole(res, stored, now)
    return
  }
  const asked = { method, headers, mayBeEncoded: headers.range !== undefined && mayBeEncoded(res, headers) }
  const answer = answerTo(asked, stored, now)
  setHead(res, answer)
  end(res, answer)
}

function end(res: ServerResponse, answer: Answer): void {
  // Node spoils one beyond ASCII where it makes the head and knows the length of the body by then.
  if (BEYOND_ASCII.test(String(field(answer, 'content-disposition') ?? ''))) res.writeHead(res.statusCode)
  res.end(answer.body)
}

const BEYOND_ASCII = /[\u0080-\uffff]/

/** What stored responses answer to those who ask for all of it, made once: only their age changes. */
const wholes = new WeakMap<StoredResponse, Answer>()
const NONE: readonly string[] = []
const UNCONDITIONAL = { method: 'GET', headers: {}, mayBeEncoded: false }

function sendWhole(res: ServerResponse, stored: StoredResponse, now: number): void {
  let whole = wholes.get(stored)
  if (whole === undefined) {
    whole = answerTo(UNCONDITIONAL, stored, now)
    wholes.set(stored, whole)
  }
  setHead(res, whole, String(ageOf(stored, now)))
  end(res, whole)
}

/** Puts an answer's head in the place of what was set, with another age where one is given. */
export function setHead(res: ServerResponse, answer: Omit<Answer, 'body'>, age?: string): void {
  const { status, statusMessage, fields, removed = NONE } = answer
  for (const name of removed) res.removeHeader(name)
  res.statusCode = status
  if (statusMessage !== '') res.statusMessage = statusMessage
  for (const [name, value] of fields) res.setHeader(name, age !== undefined && name === 'Age' ? age : value)
}

/** Whether a stored response may be used without asking the route (RFC 9111 §4.2). */
export function isFresh(stored: StoredResponse, now: number): boolean {
  return now < stored.recordedAt + stored.freshForMs
}

/** How many milliseconds a stored response may still be used; below 0 once that is over. */
export function remainingMs(stored: StoredResponse, now: number): number {
  return stored.recordedAt + stored.freshForMs - now
}
