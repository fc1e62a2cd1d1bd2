import { randomBytes, randomInt } from 'node:crypto'

/** What a revocation is of: one token, all earlier tokens of a subject, or one token that such a cut-off spares. */
export type RevocationKind = 'token' | 'subject' | 'exemption'

/** What is known of an id: repetition doesn't matter, the greater value and the later end win. */
export interface Revocation {
  readonly kind: RevocationKind
  /** What it is filed under: 32 hexadecimal digits, of which no two kinds have the same. */
  readonly id: string
  /**
   * A version, and a time in Unix seconds: until when a token is refused, before when those of a subject are. An
   * even version says that they are refused, an odd one that they no longer are: what was taken back by mistake stays
   * taken back, also where somebody returns who hasn't heard of it. Values are in one order, here and in Redis: by
   * version, then by time.
   */
  readonly value: number
  /** Until when it matters, in Unix seconds. */
  readonly until: number
  /** Which of the changes that its process has made it is, 1 up; 0, or nothing, where it is none, but written back. */
  readonly change?: number
}

/** Times are below it: the year is 2242 then. The first version is 0, so a value is a time as people read it. */
const VERSION = 2 ** 33

const KINDS = ['token', 'subject', 'exemption'] as const
const ID_BYTES = 16
const VALUE_AT = 1 + ID_BYTES
const UNTIL_AT = VALUE_AT + 8
const WRITER_AT = UNTIL_AT + 8
const WRITER_BYTES = 3
const CHANGE_AT = WRITER_AT + WRITER_BYTES
const CHANGE_BYTES = 3
const NONCE_AT = CHANGE_AT + CHANGE_BYTES
const NONCE_BYTES = 3

/** Whether a value says that what was revoked no longer is. */
export function isRestored(value: number): boolean {
  return Math.floor(value / VERSION) % 2 === 1
}

/** Whether a value is that of a cut-off which spares somebody. */
export function isSparing(value: number): boolean {
  return !Number.isInteger(value)
}

/** The time in a value, in whole Unix seconds. */
export function timeOf(value: number): number {
  return Math.ceil(value % VERSION)
}

/** The value that refuses up to this time, and is not undone by what is known so far. */
export function refusing(time: number, known = 0): number {
  const version = Math.floor(known / VERSION)
  return (version + (version % 2)) * VERSION + time
}

/**
 * The value of a cut-off that spares somebody, and is greater than what is known so far. It lies within the second
 * that ends with its time, at random: no two are the same, and the cut-off of that second that spares nobody, also one
 * that is made elsewhere at the same moment, is greater.
 */
export function sparing(time: number, known = 0): number {
  const least = Math.max(known, refusing(Math.max(time, 1), known) - 1)
  // As many as a number of this size can tell apart.
  const places = 2 ** (52 - Math.floor(Math.log2(Math.max(least, 1))))
  const value = least + (1 + randomInt(Math.max(1, places / 64))) / places
  return isSparing(value) ? value : value + 1 / places
}

/** The value that undoes what is known so far. */
export function restoring(known: number): number {
  return isRestored(known) ? known : known + VERSION
}

/**
 * What two values of an id say together: the greater one; unless whoever made that can't have known of the lesser one,
 * which refuses up to a later time, and then still does.
 */
export function joined(one: number, other: number): number {
  const [lesser, greater] = one < other ? [one, other] : [other, one]
  const isUnheard = !isRestored(lesser) && lesser % VERSION > greater % VERSION
  return isUnheard ? refusing(timeOf(lesser), greater) : greater
}

/** Joins what is known of one id from two sides. */
export function merged(one: Revocation, other: Revocation | undefined): Revocation {
  if (other === undefined) return one
  // An exemption is one from a cut-off of exactly its value.
  const value = (one.kind === 'exemption' ? Math.max : joined)(one.value, other.value)
  const until = Math.max(one.until, other.until)
  return value === one.value && until === one.until ? one : { ...one, value, until }
}

/** A revocation that a log has. */
export interface LoggedRevocation extends Revocation {
  /** Which process has written it there: a number of its own, at random. */
  readonly writer: number
  readonly change: number
}

/** How many changes a log can tell apart; then it begins again. */
export const CHANGES = 2 ** (8 * CHANGE_BYTES)

/** The number by which a log knows what this process has written. */
export function newWriter(): number {
  return randomInt(2 ** (8 * WRITER_BYTES))
}

/** A revocation as a log has it. The last bytes are random: no two entries are the same. */
export function encodeRevocation({ kind, id, value, until, writer, change }: LoggedRevocation): Buffer {
  const bytes = Buffer.alloc(NONCE_AT + NONCE_BYTES)
  bytes.writeUInt8(KINDS.indexOf(kind), 0)
  bytes.write(id, 1, 'hex')
  bytes.writeDoubleBE(value, VALUE_AT)
  bytes.writeDoubleBE(until, UNTIL_AT)
  bytes.writeUIntBE(writer, WRITER_AT, WRITER_BYTES)
  bytes.writeUIntBE(change, CHANGE_AT, CHANGE_BYTES)
  randomBytes(NONCE_BYTES).copy(bytes, NONCE_AT)
  return bytes
}

/** A revocation as a log has it, read as far as most of a log is ever looked at. */
export interface PackedRevocation {
  readonly kind: RevocationKind
  readonly value: number
  readonly until: number
  readonly bytes: Buffer
}

/** What a log says; `undefined` for what another version of holdfast has written, or somebody else. */
export function readRevocation(bytes: Buffer): PackedRevocation | undefined {
  const kind = bytes.length === NONCE_AT + NONCE_BYTES ? KINDS[bytes[0] ?? KINDS.length] : undefined
  if (kind === undefined) return undefined
  const [value, until] = [bytes.readDoubleBE(VALUE_AT), bytes.readDoubleBE(UNTIL_AT)]
  return value >= 0 && until >= 0 ? { kind, value, until, bytes } : undefined
}

/** All of what a log says. */
export function unpackRevocation({ kind, value, until, bytes }: PackedRevocation): LoggedRevocation {
  const writer = bytes.readUIntBE(WRITER_AT, WRITER_BYTES)
  const change = bytes.readUIntBE(CHANGE_AT, CHANGE_BYTES)
  return { kind, id: bytes.toString('hex', 1, VALUE_AT), value, until, writer, change }
}

/** The id of what a log says, as four numbers of 32 bits. */
export function unpackId({ bytes }: PackedRevocation, words: Int32Array): void {
  for (let word = 0, at = 1; at < VALUE_AT; word += 1, at += 4) words[word] = bytes.readInt32BE(at)
}
