import type { ClientRequest, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Fields, FieldValue, Recording } from './recording'

/** What a recorder asks of the one who decides. */
export interface Recorder {
  /** Called once, before the head is sent; says how much of the body to keep, in bytes, or that none is wanted. */
  readonly onHead: (head: Recording) => number | undefined
  /** Called once, when the whole response has been sent and all of its body was kept. */
  readonly onSent: (body: Buffer) => void
}

type Head = OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined
type End = (this: ServerResponse, ...args: unknown[]) => ServerResponse
type Write = (this: ServerResponse, ...args: unknown[]) => boolean

/**
 * Listens to what a response really sends, whichever way it is sent. The only place that wraps `res`: it puts
 * its own functions over those it found, so that what wrapped the response before stays in force.
 */
export function record(res: ServerResponse, recorder: Recorder): void {
  const found = foundIn(res)
  const chunks: Buffer[] = []
  let room: number | undefined
  let isHeadSeen = false
  let isEnded = false

  const keep = (chunk: unknown, encoding: unknown): void => {
    if (room === undefined || !isChunk(chunk)) return
    const bytes = toBuffer(chunk, encoding)
    room -= bytes.length
    if (room >= 0) chunks.push(bytes)
    else stopKeeping()
  }
  const stopKeeping = (): void => {
    room = undefined
    chunks.length = 0
  }

  res.writeHead = function (this: ServerResponse, status: number, ...rest: unknown[]): ServerResponse {
    const message = typeof rest[0] === 'string' ? rest[0] : undefined
    if (isHeadSeen || this.headersSent) return Reflect.apply(found.writeHead, this, [status, ...rest])
    isHeadSeen = true
    setFields(this, (message === undefined ? rest[0] : rest[1]) as Head)
    this.statusCode = status
    room = recorder.onHead(headOf(this, status, message))
    Reflect.apply(found.writeHead, this, message === undefined ? [status] : [status, message])
    // Session cookies are set by outer wrappers, at the last moment.
    if (this.hasHeader('set-cookie')) stopKeeping()
    return this
  }

  res.write = function (this: ServerResponse, ...args: unknown[]): boolean {
    // The head comes first, so that it is known whether this is to be kept.
    if (!this.headersSent) this.writeHead(this.statusCode)
    // Within end() this is a wrapper further in, and its bytes are those that end() was given.
    if (!isEnded) keep(args[0], args[1])
    return Reflect.apply(found.write, this, args)
  } as typeof res.write

  res.end = function (this: ServerResponse, ...args: unknown[]): ServerResponse {
    if (isEnded) return Reflect.apply(found.end, this, args)
    isEnded = true
    const result = Reflect.apply(found.end, this, args)
    keep(args[0], args[1])
    return result
  } as typeof res.end

  // A connection that is lost closes the response first; whatever ends it later has not been sent.
  res.once('close', stopKeeping)
  res.once('finish', () => {
    if (room !== undefined && isEnded) recorder.onSent(Buffer.concat(chunks))
  })
}

/** The functions that send a response, whoever put them there, to be applied to it. */
function foundIn(res: ServerResponse): { writeHead: End; write: Write; end: End } {
  const { writeHead, write, end } = res as unknown as { writeHead: End; write: Write; end: End }
  return { writeHead, write, end }
}

/** The fields that are set on a response, in their order and as they were written. */
export function fieldsOf(res: ServerResponse): Fields {
  // Every outgoing message has it; the types know it on requests only.
  const names = (res as unknown as Pick<ClientRequest, 'getRawHeaderNames'>).getRawHeaderNames()
  return names.map((name) => [name, (res.getHeader(name) ?? '') as FieldValue] as const)
}

function headOf(res: ServerResponse, status: number, message: string | undefined): Recording {
  return {
    status,
    // Unset until somebody sets it.
    statusMessage: message ?? (res.statusMessage || ''),
    fields: fieldsOf(res),
    recordedAt: Date.now(),
  }
}

/** Takes in the fields that `writeHead` was given, in each of its forms: an object, pairs, a flat list. */
function setFields(res: ServerResponse, head: Head): void {
  if (head === undefined) return
  if (!Array.isArray(head)) {
    for (const [name, value] of Object.entries(head)) if (value !== undefined) res.setHeader(name, value)
    return
  }
  const flat = (head as unknown[]).flat() as string[]
  const names = new Set(flat.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()))
  for (const name of names) res.removeHeader(name)
  for (let index = 0; index + 1 < flat.length; index += 2) {
    res.appendHeader(String(flat[index]), String(flat[index + 1]))
  }
}

function isChunk(chunk: unknown): chunk is string | Uint8Array {
  return typeof chunk === 'string' || chunk instanceof Uint8Array
}

function toBuffer(chunk: string | Uint8Array, encoding: unknown): Buffer {
  if (typeof chunk === 'string')
    return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  // A copy: the sender may use its memory again.
  return Buffer.from(chunk)
}
