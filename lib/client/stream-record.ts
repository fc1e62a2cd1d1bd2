import type { LogRecord } from './cache-client'

/** An entry of a stream of one field, as Redis replies it. */
export type StreamReply = readonly [id: Buffer, fields: readonly [name: Buffer, bytes: Buffer]]

/** An entry of a stream. Of a great many that are read, the id is asked of few: it is made a string only then. */
export class StreamRecord implements LogRecord {
  readonly bytes: Buffer
  readonly #id: Buffer

  constructor([id, [, bytes]]: StreamReply) {
    this.bytes = bytes
    this.#id = id
  }

  get id(): string {
    return this.#id.toString('latin1')
  }
}
