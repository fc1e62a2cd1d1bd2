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
}

/** The fields that are set on a response, in their order and as they were written. */
export function fieldsOf(res: ServerResponse): Fields {
  // Every outgoing message has it; the types know it on requests only.
  const names = (res as unknown as Pick<ClientRequest, 'getRawHeaderNames'>).getRawHeaderNames()
  return names.map((name) => [name, (res.getHeader(name) ?? '') as FieldValue] as const)
}

/** A field of a recorded response, by its name in lower case. */
export function field(response: Pick<Recording, 'fields'>, name: string): FieldValue | undefined {
  return response.fields.find(([known]) => known.toLowerCase() === name)?.[1]
}

/** A field that lists names or tokens, over all its lines, in lower case. */
export function listField(response: Pick<Recording, 'fields'>, name: string): string[] {
  return String(field(response, name) ?? '')
    .split(',')
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '')
}
