import { fnv1a } from '../fnv'
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
const NO_LIFE = { graceMs: 0, costMs: 0 }

/**
 * Writes an entry: one line that says what it is, then the value, which `redis-cli` shows as it is.
 * The line: `holdfast1 <kind> <check of the key> <made at, Unix ms> <count> <bytes that follow> <tags>`, with
 * `;grace=<ms>` and `;cost=<ms>` behind the time where there is such a thing.
 */
export function encodeEntry(
  key: string,
  { kind, payload, lead = '' }: Payload,
  life: EntryLife,
  madeAt: number,
): Buffer {
  const { count, graceMs = 0, costMs = 0 } = life
  const tags = life.tags.map(encodeURIComponent).join(',')
  const grace = graceMs > 0 ? `;grace=${String(graceMs)}` : ''
  const cost = costMs > 0 ? `;cost=${String(costMs)}` : ''
  // A clock of one's own may say that it is before 1970.
  const made = `${String(Math.max(0, Math.floor(madeAt)))}${grace}${cost}`
  const length = Buffer.byteLength(lead) + payload.length
  const header = `${[MAGIC, kind, keyCheck(key), made, count, length, tags].join(' ')}\n`
  // All of it is ASCII.
  const bytes = Buffer.allocUnsafeSlow(header.length + length)
  bytes.write(header, 'latin1')
  bytes.write(lead, header.length)
  payload.copy(bytes, bytes.length - payload.length)
  return bytes
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

/** Says which key an entry was written for: it may have been renamed or copied. */
function keyCheck(key: string): string {
  return [fnv1a(key), fnv1a(key, key.length >> 1)].map((half) => half.toString(16).padStart(8, '0')).join('')
}
