import { hash } from 'node:crypto'
import type { Payload } from './value-codec'

/** A value with what says whether it may still be used. */
export interface Entry extends Payload {
  /** The namespace's count when the value began to be made: see `tags.ts`. */
  readonly count: string
  /** What the value was made from, for invalidation. */
  readonly tags: readonly string[]
}

const MAGIC = 'holdfast1'
const NEWLINE = 0x0a
/** The names of ways of writing: see `value-codec.ts`. */
const KIND = /^[a-z0-9-]{1,16}$/

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
  if (kind === undefined || !KIND.test(kind)) return undefined
  try {
    const entry: Entry = { kind, count, payload, tags: readTags(tags) }
    return entry
  } catch {
    return undefined
  }
}

function readTags(text: string): string[] {
  return text === '' ? [] : text.split(',').map(decodeURIComponent)
}

function keyCheck(key: string): string {
  return hash('sha256', key, 'base64url').slice(0, 16)
}
