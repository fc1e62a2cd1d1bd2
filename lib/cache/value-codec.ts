import { isPlainJson } from './plain-json'
import type { Serializer } from './serializer'
import { richSerializer } from './rich-serializer'

/** A value as it is written. */
export interface Payload {
  /** What it was written by: `json`, `bytes`, `undefined`, or a serializer's name. */
  readonly kind: string
  readonly payload: Buffer
}

const KINDS = ['json', 'bytes', 'undefined']
const NOTHING = Buffer.alloc(0)

/**
 * How values are written and read: as readable JSON where that gives them back as they were, bytes as they are,
 * and whatever else by a serializer. A serializer of the application's own writes everything: it may be there to
 * encrypt. Each reading makes a value of its own, so that nobody's copy is anybody else's.
 */
export class ValueCodec {
  readonly #own: Serializer | undefined
  readonly #maxBytes: number

  /** Takes the application's own serializer, if it has one, and how many bytes a value may take. */
  constructor(own: Serializer | undefined, maxBytes: number) {
    this.#own = own
    this.#maxBytes = maxBytes
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

  /** Whether there is a way to read what was written so. */
  canRead({ kind }: Payload): boolean {
    if (this.#own !== undefined) return kind === this.#own.name
    return kind === richSerializer.name || KINDS.includes(kind)
  }

  /** Reads a value, in a wrapper that tells it from none: `undefined` for what can't be read, which is a miss. */
  decode({ kind, payload }: Payload): { readonly value: unknown } | undefined {
    if (!this.canRead({ kind, payload })) return undefined
    try {
      if (this.#own !== undefined) return read(this.#own, payload)
      if (kind === 'json') return { value: JSON.parse(payload.toString()) as unknown }
      if (kind === 'undefined') return { value: undefined }
      // A copy: the reader may write to it.
      if (kind === 'bytes') return { value: Buffer.from(payload) }
      return read(richSerializer, payload)
    } catch {
      return undefined
    }
  }
}

/** Bytes as they are: what a part of holdfast has written in a way of its own. */
export function encodeBytes(bytes: Buffer): Payload {
  return { kind: 'bytes', payload: bytes }
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
  if (payload instanceof Promise) payload.catch(nobodyWaits)
  throw new TypeError(`the serializer '${serializer.name}' gave something that is no Buffer`)
}

function nobodyWaits(): void {
  // It is refused already.
}

function read(serializer: Serializer, payload: Buffer): { readonly value: unknown } {
  return { value: serializer.deserialize(payload) }
}
