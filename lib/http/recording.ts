import type { ClientRequest, ServerResponse } from 'node:http'

/** The lines of one field. */
export type FieldValue = string | number | readonly string[]

/** Header fields in the order in which they were set, names as they were written. */
export type Fields = readonly (readonly [name: string, value: FieldValue])[]

/** The head of a response as the route made it. */
export interface ResponseHead {
  readonly status: number
  readonly statusMessage: string
  /** All fields that were set when the head was sent, those of earlier middleware included. */
  readonly fields: Fields
}

/** A head with the time when it was sent. */
export interface Recording extends ResponseHead {
  /** In Unix milliseconds. */
  readonly recordedAt: number
  /** How long the route had been at it by then, in milliseconds. @default 0 */
  readonly delayMs?: number
}

/** A head, sent now, of a route that has begun then: both in Unix milliseconds. */
export function recordingOf(
  { status, statusMessage, fields }: ResponseHead,
  recordedAt: number,
  begunAt: number,
): Recording {
  return { status, statusMessage, fields, recordedAt, delayMs: recordedAt - begunAt }
}

/** The fields that are set on a response, in their order, as Node writes them. */
export function fieldsOf(res: ServerResponse): Fields {
  // Every outgoing message has it; the types know it on requests only.
  const names = (res as unknown as Pick<ClientRequest, 'getRawHeaderNames'>).getRawHeaderNames()
  const fields: (readonly [string, FieldValue])[] = []
  for (const name of names) fields.push([name, written(res.getHeader(name))])
  return fields
}

/** What Node makes of a value: a date, a BigInt and whatever else becomes text. */
function written(value: unknown): FieldValue {
  if (typeof value === 'string') return value
  return Array.isArray(value) ? value.map(String) : String(value)
}

/** A field of a recorded response, by its name in lower case. */
export function field(response: Pick<Recording, 'fields'>, name: string): FieldValue | undefined {
  // Not taken apart: a dozen fields are looked for in each response, and most are not there.
  for (const known of response.fields) if (isNamed(known[0], name)) return known[1]
  return undefined
}

/** Whether a field has this name, given in lower case. */
export function isNamed(known: string, name: string): boolean {
  // Most are told by their length.
  return known.length === name.length && (known === name || known.toLowerCase() === name)
}

const NONE: readonly string[] = Object.freeze([])

/** A field that lists names or tokens, over all its lines, in lower case. */
export function listField(response: Pick<Recording, 'fields'>, name: string): readonly string[] {
  const value = field(response, name)
  if (value === undefined) return NONE
  return String(value)
    .split(',')
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '')
}
