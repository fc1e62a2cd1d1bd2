import { hash } from 'node:crypto'
import { describeCause } from '../errors'

/** A value with what says whether it may still be used. */
export interface Entry {
  /** How the payload is to be read. */
  readonly kind: Kind
  /** The value, as it was written. */
  readonly payload: Buffer
  /** The namespace's count when the value began to be made: see `tags.ts`. */
  readonly count: string
  /** What the value was made from, for invalidation. */
  readonly tags: readonly string[]
}

/** A value as it is written: JSON, bytes as they are, or `undefined`, which JSON has no word for. */
export interface Payload {
  readonly kind: Kind
  readonly payload: Buffer
}

type Kind = 'json' | 'bytes' | 'undefined'

const MAGIC = 'holdfast1'
const NEWLINE = 0x0a
const NOTHING = Buffer.alloc(0)

/**
 * Writes a value.
 *
 * @throws {TypeError} where JSON has no word for it: cycles, bigint, functions, symbols.
 */
export function encodeValue(value: unknown): Payload {
  if (value === undefined) return { kind: 'undefined', payload: NOTHING }
  // A copy: the caller may go on writing to its own.
  if (Buffer.isBuffer(value)) return { kind: 'bytes', payload: Buffer.from(value) }
  const json = JSON.stringify(value) as string | undefined
  if (json === undefined) throw new TypeError(`a ${typeof value} cannot be written as JSON`)
  return { kind: 'json', payload: Buffer.from(json) }
}

/**
 * Reads a value, in a wrapper that tells it from none: `undefined` where what is there can't be read, which is
 * a miss. Each call makes a value of its own, so that nobody's copy is anybody else's.
 */
export function decodeValue({ kind, payload }: Payload): { readonly value: unknown } | undefined {
  if (kind === 'undefined') return { value: undefined }
  if (kind === 'bytes') return { value: Buffer.from(payload) }
  try {
    return { value: JSON.parse(payload.toString()) as unknown }
  } catch {
    return undefined
  }
}

/**
 * Writes an entry: one line that says what it is, then the value, which `redis-cli` shows as it is.
 * The line: `holdfast1 <kind> <check of the key> <made at, Unix ms> <count> <bytes that follow> <tags>`.
 */
export function encodeEntry(key: string, entry: Entry, madeAt: number): Buffer {
  const tags = entry.tags.map(encodeURIComponent).join(',')
  const header = [MAGIC, entry.kind, keyCheck(key), madeAt, entry.count, entry.payload.length, tags].join(' ')
  return Buffer.concat([Buffer.from(`${header}\n`), entry.payload])
}

/** Reads an entry. `undefined` for whatever is not one of this key in this format: a miss, never an error. */
export function decodeEntry(key: string, bytes: Buffer | undefined): Entry | undefined {
  const end = bytes?.indexOf(NEWLINE) ?? -1
  if (bytes === undefined || end === -1) return undefined
  const [magic, kind, check, , count, length, tags] = bytes.toString('latin1', 0, end).split(' ')
  if (magic !== MAGIC || check !== keyCheck(key) || count === undefined || tags === undefined)
    return undefined
  const payload = bytes.subarray(end + 1)
  if (length !== String(payload.length)) return undefined
  if (kind !== 'json' && kind !== 'bytes' && kind !== 'undefined') return undefined
  try {
    const entry: Entry = { kind, count, payload, tags: readTags(tags) }
    return entry
  } catch {
    return undefined
  }
}

/** Why a value could not be written, without showing it. */
export function describeRefusal(error: unknown): string {
  return describeCause(error).split('\n', 1)[0] ?? ''
}

function readTags(text: string): string[] {
  return text === '' ? [] : text.split(',').map(decodeURIComponent)
}

function keyCheck(key: string): string {
  return hash('sha256', key, 'base64url').slice(0, 16)
}
