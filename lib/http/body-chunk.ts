/** What a response is written in. */
export type BodyChunk = string | Uint8Array

/** Whether something is one. */
export function isChunk(chunk: unknown): chunk is BodyChunk {
  return typeof chunk === 'string' || chunk instanceof Uint8Array
}

/** The body that `end` was given, all there is of it. */
export function wholeOf([chunk, encoding]: unknown[]): Buffer {
  return isChunk(chunk) ? toBuffer(chunk, encoding) : Buffer.alloc(0)
}

/** The bytes of a chunk. */
export function toBuffer(chunk: BodyChunk, encoding: unknown): Buffer {
  if (typeof chunk === 'string')
    return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  // A copy: the sender may use its memory again.
  return Buffer.from(chunk)
}
