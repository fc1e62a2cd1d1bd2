import { deflateRaw, inflateRawSync } from 'node:zlib'
import { promisify } from 'node:util'
import type { Payload } from './payload'

const MARK = '+deflate'
/** Fast: what is read often is worth the last percent less than the time. */
const LEVEL = 3

const deflate = promisify(deflateRaw)

/** Makes fewer bytes of large values (RFC 1951), beside the event loop. */
export class Compression {
  readonly #thresholdBytes: number

  /** Takes how many bytes a value has to have. */
  constructor(thresholdBytes: number) {
    this.#thresholdBytes = thresholdBytes
  }

  /** Packs a value that is large enough, if that makes it smaller. */
  async pack(written: Payload): Promise<Payload> {
    const { kind, lead } = written
    const payload = lead === undefined ? written.payload : Buffer.concat([Buffer.from(lead), written.payload])
    if (payload.length < this.#thresholdBytes) return written
    const packed = await deflate(payload, { level: LEVEL })
    return packed.length < payload.length ? { kind: kind + MARK, payload: packed } : written
  }
}

/** Whether a value is packed. */
export function isPacked({ kind }: Pick<Payload, 'kind'>): boolean {
  return kind.endsWith(MARK)
}

/** What a value was written by, packed or not. */
export function unpackedKind(kind: string): string {
  return isPacked({ kind }) ? kind.slice(0, -MARK.length) : kind
}

/**
 * What was packed, whether or not this process packs anything itself.
 *
 * @throws for what can't be read, and for more bytes than a value may have.
 */
export function unpack({ kind, payload }: Payload, maxBytes: number): Payload {
  const bytes = inflateRawSync(payload, { maxOutputLength: maxBytes })
  return { kind: unpackedKind(kind), payload: bytes }
}
