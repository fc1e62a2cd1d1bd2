import { hash } from 'node:crypto'
import type { Payload } from './payload'

/** What says whether a value may still be used. */
export interface EntryLife {
  /** The namespace's count when the value began to be made: see `tags.ts`. */
  readonly count: string
  /** What the value was made from, for invalidation. */
  readonly tags: readonly string[]
  /** For how long of its life, at the end of it, it only stands in for what can't be had: in milliseconds. */
  readonly graceMs?: number
  /** How long it took to make, in milliseconds, where it may be made anew before its time is over. */
  readonly costMs?: number | undefined
}

/** A value with what says whether it may still be used. */
export interface Entry extends Payload, EntryLife {}

const MAGIC = 'holdfast1'
/** With the name of a way of writing: see `value-codec.ts`. */
const HEADER = new RegExp(
  String.raw`^${MAGIC} ([a-z0-9-]{1,16}(?:\+deflate)?) (\S+) \d+(\S*) (\S+) (\d+) (\S*)$`,
)
const GRACE = /;grace=(\d{1,16})/
const COST = /;cost=(\d{1,16})/
const NEWLINE = 0x0a
const NOTHING = Buffer.alloc(0)
const NO_LIFE = { graceMs: 0, costMs: 0 }

const MOST_CHECKS = 4096
const LONGEST_KEY = 256
/** The checks of keys that were read or written lately. */
const checks = new Map<string, string>()

/**
 * Writes an entry: one line that says what it is, then the value, which `redis-cli` shows as it is.
 * The line: `holdfast1 <kind> <check of the key> <made at, Unix ms> <count> <bytes that follow> <tags>`, with
 * `;grace=<ms>` and `;cost=<ms>` behind the time where there is such a thing.
 */
export function encodeEntry(
  key: string,
  { kind, payload, lead = NOTHING }: Payload,
  life: EntryLife,
  madeAt: number,
): Buffer {
  const { count, graceMs = 0, costMs = 0 } = life
  const tags = life.tags.map(encodeURIComponent).join(',')
  const grace = graceMs > 0 ? `;grace=${String(graceMs)}` : ''
  const cost = costMs > 0 ? `;cost=${String(costMs)}` : ''
  // A clock of one's own may say that it is before 1970.
  const made = `${String(Math.max(0, Math.floor(madeAt)))}${grace}${cost}`
  const header = [MAGIC, kind, keyCheck(key), made, count, lead.length + payload.length, tags].join(' ')
  return Buffer.concat([Buffer.from(`${header}\n`), lead, payload])
}

/**
 * Reads an entry. `undefined` for whatever is not one of this key in this format: a miss, never an error.
 *
 * @param length - how many bytes there are, where only the first of them are given.
 */
export function decodeEntry(
  key: string,
  bytes: Buffer | undefined,
  length = bytes?.length,
): Entry | undefined {
  const end = bytes?.indexOf(NEWLINE) ?? -1
  if (bytes === undefined || end === -1) return undefined
  const parts = HEADER.exec(bytes.toString('latin1', 0, end)) ?? []
  const [, kind, check, life = '', count = '', payloadLength, tags = ''] = parts
  if (kind === undefined || check !== keyCheck(key)) return undefined
  const payload = bytes.subarray(end + 1)
  if (payloadLength !== String((length ?? 0) - end - 1)) return undefined
  try {
    return { kind, count, payload, tags: readTags(tags), ...readLife(life) }
  } catch {
    return undefined
  }
}

function readLife(text: string): { graceMs: number; costMs: number } {
  if (text === '') return NO_LIFE
  return { graceMs: Number(GRACE.exec(text)?.[1] ?? 0), costMs: Number(COST.exec(text)?.[1] ?? 0) }
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
