import { canBeValidated } from './conditional'
import { httpDate } from './http-date'
import type { Fields, FieldValue, Recording } from './recording'
import { field, listField } from './recording'
import type { Terms } from './storability'
import type { Sharing } from './who-asks'

/** A response as it is kept. */
export interface StoredResponse {
  readonly status: number
  readonly statusMessage: string
  /** The fields that the route itself set; those of earlier middleware are set anew on every request. */
  readonly fields: Fields
  /** Fields of earlier middleware that the route took away, in lower case. */
  readonly removed: readonly string[]
  readonly recordedAt: number
  /** From then on; below 0 where it was over before. */
  readonly freshForMs: number
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  /** Whether a client may have it once it is over, where it asks for that. */
  readonly mayBeStale: boolean
  /** The age that the response came with, in seconds. */
  readonly initialAge: number
  /** Who may share it, of those who say who asks. */
  readonly sharing: Sharing
  /** The request fields that it varies by, in lower case. */
  readonly vary: readonly string[]
  /** What the request said in them, as a digest. */
  readonly variant: string
  readonly body: Buffer
}

/** The responses of one key that varies: by which fields, the latest first. Each is kept under a key of its own. */
export interface VariantIndex {
  readonly variesBy: readonly (readonly string[])[]
  /** Part of the variants' keys: an index made anew does not find those of the one before. */
  readonly generation: string
}

const NEWLINE = 0x0a

/** Fields that belong to one connection and are not replayed (RFC 9110 §7.6.1), and those set anew. */
const NOT_REPLAYED = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'age',
])

/** Writes what stands before the body of a stored response: one line of JSON. The body's own bytes follow. */
export function encodeHead(response: StoredResponse): string {
  return `${JSON.stringify({ ...response, body: undefined })}\n`
}

/** Writes an index. */
export function encodeIndex({ variesBy, generation }: VariantIndex): Buffer {
  return Buffer.from(`${JSON.stringify({ variesBy, generation })}\n`)
}

/** Reads a stored response or an index; `undefined` for what is neither. */
export function decodeStored(bytes: Buffer): StoredResponse | VariantIndex | undefined {
  const end = bytes.indexOf(NEWLINE)
  if (end === -1) return undefined
  try {
    const head = (JSON.parse(bytes.toString('utf8', 0, end)) ?? {}) as Partial<StoredResponse & VariantIndex>
    if (isIndex(head)) return head
    // Bytes of its own: these are part of all that arrived with them.
    return isHead(head) ? { ...head, body: Buffer.from(bytes.subarray(end + 1)) } : undefined
  } catch {
    return undefined
  }
}

function isHead(head: Partial<StoredResponse>): head is StoredResponse {
  const { status, fields, removed, vary, recordedAt, freshForMs, staleWhileRevalidateMs, staleIfErrorMs } =
    head
  const times = [recordedAt, freshForMs, staleWhileRevalidateMs, staleIfErrorMs]
  const isWhole = typeof status === 'number' && [fields, removed, vary].every(Array.isArray)
  return isWhole && times.every((time) => typeof time === 'number')
}

function isIndex(head: Partial<VariantIndex>): head is VariantIndex {
  return typeof head.generation === 'string' && Array.isArray(head.variesBy)
}

/**
 * The fields of a response that are replayed: what the route set or changed since the middleware was entered, but
 * none of the connection's and none that is to be left out.
 */
export function fieldsToStore(response: Recording, before: Fields, leftOut: readonly string[] = []): Fields {
  const named = listField(response, 'connection')
  return response.fields.filter(([name, value]) => {
    const lower = name.toLowerCase()
    if (NOT_REPLAYED.has(lower) || named.includes(lower) || leftOut.includes(lower)) return false
    const known = field({ fields: before }, lower)
    return known === undefined || !isSame(known, value)
  })
}

function isSame(one: FieldValue, other: FieldValue): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other)
}

/** With a Date, which the server only sets as it sends the head (RFC 9110 §6.6.1). */
export function withDate(fields: Fields, recordedAt: number): Fields {
  return field({ fields }, 'date') === undefined ? [...fields, ['Date', httpDate(recordedAt)]] : fields
}

/** The fields of earlier middleware that a route has taken away, in lower case. */
export function removedFields(response: Pick<Recording, 'fields'>, before: Fields): string[] {
  return before.map(([name]) => name.toLowerCase()).filter((name) => field(response, name) === undefined)
}

/** A response as it is kept: what was recorded, on which terms, and for which variant. */
export function storedResponse(
  response: Recording,
  terms: Terms,
  particulars: Pick<StoredResponse, 'fields' | 'removed' | 'vary' | 'variant' | 'body'>,
): StoredResponse {
  const { status, statusMessage, recordedAt } = response
  const { freshForMs, staleWhileRevalidateMs, staleIfErrorMs, mayBeStale, initialAge } = terms.freshness
  const life = { freshForMs, staleWhileRevalidateMs, staleIfErrorMs, mayBeStale, initialAge }
  return { status, statusMessage, recordedAt, ...life, sharing: terms.sharing, ...particulars }
}

/** For how long at least, and at most, a response that is over is kept to be validated. */
const SHORTEST_KEEP_MS = 60 * 1000
const LONGEST_KEEP_MS = 24 * 60 * 60 * 1000

/** How long a response is kept: while it may be used, and beyond that for as long again if it can be validated. */
export function lifeOf(response: StoredResponse): number {
  const { freshForMs, staleWhileRevalidateMs, staleIfErrorMs } = response
  const validated = canBeValidated(response)
    ? Math.min(Math.max(freshForMs, SHORTEST_KEEP_MS), LONGEST_KEEP_MS)
    : 0
  const standingIn = freshForMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs)
  return Math.ceil(Math.max(1, standingIn, Math.max(0, freshForMs) + validated))
}
