import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Fields, Recording } from './recording'
import { listField } from './recording'

/** A response as it is kept. */
export interface StoredResponse {
  readonly status: number
  readonly statusMessage: string
  /** The fields that the route itself set; those of earlier middleware are set anew on every request. */
  readonly fields: Fields
  readonly recordedAt: number
  readonly freshForMs: number
  /** The age that the response came with, in seconds. */
  readonly initialAge: number
  /** Whether the route itself said that it may be shared by requests that say who asks. */
  readonly isPublic: boolean
  /** The request's values of the fields that the response varies by: digests, for they may be credentials. */
  readonly variant: Readonly<Record<string, string>>
  readonly body: Buffer
}

const NEWLINE = 0x0a

/** Fields that belong to one connection and are not replayed (RFC 9110 §7.6.1), and those set anew. */
const NOT_REPLAYED = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'age',
  'date',
  'cache-status',
])

/** Writes a stored response: one line of JSON, then the body's own bytes. */
export function encodeResponse({ body, ...head }: StoredResponse): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body])
}

/** Reads a stored response; `undefined` for what is none. */
export function decodeResponse(bytes: Buffer): StoredResponse | undefined {
  const end = bytes.indexOf(NEWLINE)
  if (end === -1) return undefined
  try {
    const head: unknown = JSON.parse(bytes.toString('utf8', 0, end))
    return isHead(head) ? { ...head, body: bytes.subarray(end + 1) } : undefined
  } catch {
    return undefined
  }
}

function isHead(head: unknown): head is Omit<StoredResponse, 'body'> {
  const { status, fields, variant, recordedAt, freshForMs } = (head ?? {}) as Partial<StoredResponse>
  const hasTimes = typeof recordedAt === 'number' && typeof freshForMs === 'number'
  return typeof status === 'number' && Array.isArray(fields) && typeof variant === 'object' && hasTimes
}

/** The fields of a response that are replayed: what the route set or changed since the middleware was entered. */
export function fieldsToStore(response: Recording, before: Fields): Fields {
  const known = new Map(before.map(([name, value]) => [name.toLowerCase(), JSON.stringify(value)]))
  const named = new Set(listField(response, 'connection'))
  return response.fields.filter(([name, value]) => {
    const lower = name.toLowerCase()
    return !NOT_REPLAYED.has(lower) && !named.has(lower) && known.get(lower) !== JSON.stringify(value)
  })
}

/** Digests of the request's values of the fields that a response varies by (RFC 9111 §4.1). */
export function variantOf(response: Recording, headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(listField(response, 'vary').map((name) => [name, digestOf(headers, name)]))
}

/** Whether a stored response was made for a request like this one, by the fields that it varies by. */
export function isVariantFor({ variant }: StoredResponse, headers: IncomingHttpHeaders): boolean {
  return Object.entries(variant).every(([name, value]) => digestOf(headers, name) === value)
}

function digestOf(headers: IncomingHttpHeaders, name: string): string {
  return hash('sha256', String(headers[name] ?? '').trim(), 'base64url')
}
