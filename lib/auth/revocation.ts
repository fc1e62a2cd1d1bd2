import { randomBytes } from 'node:crypto'

/** What a revocation is of: one token, all earlier tokens of a subject, or one token that such a cut-off spares. */
export type RevocationKind = 'token' | 'subject' | 'exemption'

/** What is known of an id: order and repetition don't matter, the greater value and the later end win. */
export interface Revocation {
  readonly kind: RevocationKind
  /** What it is filed under: 32 hexadecimal digits, of which no two kinds have the same. */
  readonly id: string
  /**
   * A version, and a time in Unix seconds: until when a token is refused, before when those of a subject are. An
   * even version says that they are refused, an odd one that they no longer are: what was taken back by mistake stays
   * taken back, also where somebody returns who hasn't heard of it.
   */
  readonly value: number
  /** Until when it matters, in Unix seconds. */
  readonly until: number
}

/** Times are below it: the year is 2242 then. The first version is 0, so a value is a time as people read it. */
const VERSION = 2 ** 33

const KINDS = ['token', 'subject', 'exemption'] as const
const ID_BYTES = 16
const VALUE_AT = 1 + ID_BYTES
const UNTIL_AT = VALUE_AT + 8
const NONCE_AT = UNTIL_AT + 8
const NONCE_BYTES = 6

/** Whether a value says that what was revoked no longer is. */
export function isRestored(value: number): boolean {
  return Math.floor(value / VERSION) % 2 === 1
}

/** The time in a value, in Unix seconds. */
export function timeOf(value: number): number {
  return value % VERSION
}

/** The value that refuses up to this time, and is not undone by what is known so far. */
export function refusing(time: number, known = 0): number {
  const version = Math.floor(known / VERSION)
  return (version + (version % 2)) * VERSION + time
}

/** The value that undoes what is known so far. */
export function restoring(known: number): number {
  const version = Math.floor(known / VERSION)
  return (version + 1 - (version % 2)) * VERSION + timeOf(known)
}

/** A value that says the same and is greater than any of the same time: what spares some tokens of it no longer does. */
export function renewed(value: number): number {
  return value + 2 * VERSION
}

/** Joins what is known of one id from two sides. */
export function merged(one: Revocation, other: Revocation | undefined): Revocation {
  if (other === undefined) return one
  return { ...one, value: Math.max(one.value, other.value), until: Math.max(one.until, other.until) }
}

/** A revocation as a log has it. The last bytes are random: no two entries are the same. */
export function encodeRevocation({ kind, id, value, until }: Revocation): Buffer {
  const bytes = Buffer.alloc(NONCE_AT + NONCE_BYTES)
  bytes.writeUInt8(KINDS.indexOf(kind), 0)
  bytes.write(id, 1, 'hex')
  bytes.writeDoubleBE(value, VALUE_AT)
  bytes.writeDoubleBE(until, UNTIL_AT)
  randomBytes(NONCE_BYTES).copy(bytes, NONCE_AT)
  return bytes
}

/** What a log says; `undefined` for what another version of holdfast has written, or somebody else. */
export function decodeRevocation(bytes: Buffer): Revocation | undefined {
  const kind = bytes.length === NONCE_AT + NONCE_BYTES ? KINDS[bytes.readUInt8(0)] : undefined
  if (kind === undefined) return undefined
  const [value, until] = [bytes.readDoubleBE(VALUE_AT), bytes.readDoubleBE(UNTIL_AT)]
  if (!(value >= 0) || !(until >= 0)) return undefined
  return { kind, id: bytes.toString('hex', 1, VALUE_AT), value, until }
}
