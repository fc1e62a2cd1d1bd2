import { disown } from '../check-options'
import type { Compression } from './compression'
import { isPacked, unpack, unpackedKind } from './compression'
import { freezeJson } from './frozen'
import type { Payload } from './payload'
import { isPlainJson } from './plain-json'
import type { Serializer } from './serializer'
import { richSerializer } from './rich-serializer'

/** A value as it is read. */
export interface Decoded {
  readonly value: unknown
  /** Whether one value does for all readers: nothing in it can be changed. */
  readonly isShared: boolean
  /** How many bytes it was made from, where these may have been packed. @default those that were written */
  readonly bytes?: number
}

const KINDS = ['json', 'bytes', 'undefined']
const NOTHING = Buffer.alloc(0)

/** What a {@link ValueCodec} goes by. */
export interface CodecOptions {
  /** The application's own serializer, if it has one. */
  readonly serializer: Serializer | undefined
  /** How many bytes a value may take. */
  readonly maxValueBytes: number
  /** Whether values are frozen where that makes one do for all readers. */
  readonly isSharing: boolean
  /** What makes the bytes of a value fewer, if anything does. */
  readonly compression: Compression | undefined
}

/**
 * How values are written and read: as readable JSON where that gives them back as they were, bytes as they are,
 * and whatever else by a serializer. A serializer of the application's own writes everything: it may be there to
 * encrypt.
 *
 * Nobody's copy is anybody else's: each reading makes a value of its own. Where values are to be shared, what was
 * written as JSON is frozen instead, to be one and the same for all.
 */
export class ValueCodec {
  readonly #own: Serializer | undefined
  readonly #maxBytes: number
  readonly #isSharing: boolean
  readonly #compression: Compression | undefined

  constructor({ serializer, maxValueBytes, isSharing, compression }: CodecOptions) {
    this.#own = serializer
    this.#maxBytes = maxValueBytes
    this.#isSharing = isSharing
    this.#compression = compression
  }

  /**
   * Writes a value.
   *
   * @throws where the serializer has no word for it, and where it takes too many bytes.
   */
  encode(value: unknown): Payload {
    const payload = this.#own === undefined ? encodeByType(value) : encodeBy(this.#own, value)
    if (payload.payload.length <= this.#maxBytes) return payload
    throw new RangeError(`the value takes ${String(payload.payload.length)} bytes, more than maxValueBytes`)
  }

  /** What is sent to a store of what was written: at once where nothing is packed. */
  pack(payload: Payload): Payload | Promise<Payload> {
    return this.#compression === undefined ? payload : this.#compression.pack(payload)
  }

  /** Whether there is a way to read what was written so. */
  canRead({ kind }: Pick<Payload, 'kind'>): boolean {
    const by = unpackedKind(kind)
    if (this.#own !== undefined) return by === this.#own.name
    return by === richSerializer.name || KINDS.includes(by)
  }

  /** Reads a value, in a wrapper that tells it from none: `undefined` for what can't be read, which is a miss. */
  decode(written: Payload): Decoded | undefined {
    if (!this.canRead(written)) return undefined
    try {
      const { kind, payload } = isPacked(written) ? unpack(written, this.#maxBytes) : written
      if (this.#own !== undefined) return ownCopy(this.#own.deserialize(payload))
      if (kind === 'json') return this.#decodeJson(payload)
      if (kind === 'undefined') return ownCopy(undefined)
      // A copy: the reader may write to it.
      if (kind === 'bytes') return ownCopy(Buffer.from(payload))
      return ownCopy(richSerializer.deserialize(payload))
    } catch {
      return undefined
    }
  }

  #decodeJson(payload: Buffer): Decoded {
    const value: unknown = JSON.parse(payload.toString())
    if (!this.#isSharing) return ownCopy(value)
    return { value: freezeJson(value), isShared: true, bytes: payload.length }
  }
}

/** Bytes as they are: what a part of holdfast has written in a way of its own. */
export function encodeBytes(payload: Buffer, lead?: string): Payload {
  return lead === undefined ? { kind: 'bytes', payload } : { kind: 'bytes', payload, lead }
}

function encodeByType(value: unknown): Payload {
  if (value === undefined) return { kind: 'undefined', payload: NOTHING }
  // A copy: the caller may go on writing to its own.
  if (Buffer.isBuffer(value)) return encodeBytes(Buffer.from(value))
  if (isPlainJson(value)) return { kind: 'json', payload: Buffer.from(JSON.stringify(value)) }
  return encodeBy(richSerializer, value)
}

function encodeBy(serializer: Serializer, value: unknown): Payload {
  const payload: unknown = serializer.serialize(value)
  if (Buffer.isBuffer(payload)) return { kind: serializer.name, payload }
  disown(payload)
  throw new TypeError(`the serializer '${serializer.name}' gave something that is no Buffer`)
}

function ownCopy(value: unknown): Decoded {
  return { value, isShared: false }
}
