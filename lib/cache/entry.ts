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
/** With the name of a way of writing: see `value-codec.ts`. */
const HEADER = new RegExp(String.raw`^${MAGIC} ([a-z0-9-]{1,16}) (\S+) \S+ (\S+) (\d+) (\S*)$`)
const NEWLINE = 0x0a

const MOST_CHECKS = 4096
const LONGEST_KEY = 256
/** The checks of keys that were read or written lately. */
const checks = new Map<string, string>()

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
  const [, kind, check, count = '', length, tags = ''] = HEADER.exec(bytes.toString('latin1', 0, end)) ?? []
  if (kind === undefined || check !== keyCheck(key)) return undefined
  const payload = bytes.subarray(end + 1)
  if (length !== String(payload.length)) return undefined
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

/** Says which key an entry was written for. A hash costs as much as all else that is read of the line. */
function keyCheck(key: string): string {
  const known = checks.get(key)
  if (known !== undefined) return known
  const check = hash('sha256', key, 'base64url').slice(0, 16)
  if (checks.size >= MOST_CHECKS) checks.clear()
  if (key.length <= LONGEST_KEY) checks.set(key, check)
  return check
}
