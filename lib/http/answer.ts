import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { parseRange } from './byte-range'
import { isNotModified, isSameForRange } from './conditional'
import type { Fields, FieldValue } from './recording'
import { field, isNamed } from './recording'
import { withDate } from './stored-response'
import type { StoredResponse } from './stored-response'

/** What is sent from a stored response in answer to one request. */
export interface Answer {
  readonly status: number
  readonly statusMessage: string
  readonly fields: Fields
  /** Fields that were set before and are not sent, in lower case. */
  readonly removed?: readonly string[]
  readonly body: Buffer
}

/** A request, as far as an answer from what is stored depends on it. */
export interface Asked {
  readonly method?: string | undefined
  readonly headers: IncomingHttpHeaders
  /** Whether something further out may encode what is sent: then a part would be one of other bytes. */
  readonly mayBeEncoded: boolean
}

/** Fields that describe a body and have no place in a 304 (RFC 9110 §15.4.5). */
const BODY_FIELDS = /^content-(length|type|encoding|language|range)$/i
const NOTHING = Buffer.alloc(0)
/** Statuses that have no body, nor a length of it (RFC 9110 §8.6). */
const WITHOUT_BODY = new Set([204, 304])

/** What a stored response answers to a request: 304 where the client has it, a part where it asks for one, or all. */
export function answerTo(asked: Asked, stored: StoredResponse, now: number): Answer {
  const answer = partOf(asked, stored, now)
  return stored.removed.length === 0 ? answer : { ...answer, removed: stored.removed }
}

function partOf({ method, headers, mayBeEncoded }: Asked, stored: StoredResponse, now: number): Answer {
  const fields = replayedFields(stored, now)
  const { status, statusMessage, body } = stored
  if (isNotModified({ status, fields }, headers)) return notModified(fields)
  const { range } = headers
  const isPartial =
    range !== undefined && status === 200 && method === 'GET' && isSameForRange({ status, fields }, headers)
  const isAsStored = !mayBeEncoded || field(stored, 'content-encoding') !== undefined
  const part = isPartial && isAsStored && takesRanges(stored) ? parseRange(range, body.length) : undefined
  if (part === undefined) return { status, statusMessage, fields: measured(fields, status, body), body }
  if (part === 'unsatisfiable') {
    const whole: [string, FieldValue] = ['Content-Range', `bytes */${String(body.length)}`]
    const kept = fields.filter(([name]) => !BODY_FIELDS.test(name))
    return { status: 416, statusMessage: '', fields: [...measured(kept, 416, NOTHING), whole], body: NOTHING }
  }
  const bytes = body.subarray(part.first, part.last + 1)
  const where = `bytes ${String(part.first)}-${String(part.last)}/${String(body.length)}`
  const partial: Fields = [...measured(fields, 206, bytes), ['Content-Range', where]]
  return { status: 206, statusMessage: '', fields: partial, body: bytes }
}

/** A 304 with the fields that belong there (RFC 9110 §15.4.5). */
export function notModified(fields: Fields): Answer {
  const kept = fields.filter(([name]) => !BODY_FIELDS.test(name))
  return { status: 304, statusMessage: '', fields: kept, body: NOTHING }
}

/** How old a stored response is, in whole seconds (RFC 9111 §4.2.3). */
export function ageOf(stored: StoredResponse, now: number): number {
  return Math.floor(stored.initialAge + Math.max(0, now - stored.recordedAt) / 1000)
}

function replayedFields(stored: StoredResponse, now: number): Fields {
  // What caches further in have said stands before what is said of this request.
  const fields = stored.fields.filter(([name]) => !isNamed(name, 'cache-status'))
  return [...withDate(fields, stored.recordedAt), ['Age', String(ageOf(stored, now))]]
}

function measured(fields: Fields, status: number, body: Buffer): Fields {
  if (WITHOUT_BODY.has(status)) return fields
  const length = String(body.length)
  const isSaid = fields.some(([name]) => name.toLowerCase() === 'content-length')
  if (!isSaid) return [...fields, ['Content-Length', length]]
  return fields.map(([name, value]) =>
    name.toLowerCase() === 'content-length' ? [name, length] : [name, value],
  )
}

function takesRanges(stored: StoredResponse): boolean {
  return field(stored, 'accept-ranges') !== 'none'
}

/** Whether whoever has wrapped a response may encode it for its client, as compression does. */
export function mayBeEncoded(res: ServerResponse, headers: IncomingHttpHeaders): boolean {
  if (!Object.hasOwn(res, 'write')) return false
  const codings = (headers['accept-encoding'] ?? '').split(',')
  return codings.some((coding) => !/^\s*(identity\s*(;.*)?|.*;\s*q=0(\.0*)?\s*|)$/i.test(coding))
}
