import type { ClientRequest, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Fields, FieldValue, ResponseHead } from './recording'

/** What a recorder asks of the one who decides. */
export interface Recorder {
  /** Called once, before the head is sent; says how much of the body to keep, in bytes, or that none is wanted. */
  readonly onHead: (head: ResponseHead) => number | undefined
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
    if (isHeadSeen || this.headersSent) return Reflect.apply(found.writeHead, this, [status, ...rest])
    const message = typeof rest[0] === 'string' ? rest[0] : undefined
    setFields(this, (message === undefined ? (rest[0] ?? rest[1]) : rest[1]) as Head)
    this.statusCode = status
    room = recorder.onHead(headOf(this, status, message))
    isHeadSeen = true
    try {
      Reflect.apply(found.writeHead, this, message === undefined ? [status] : [status, message])
    } catch (error) {
      // This head was not sent: what is sent instead is another one.
      isHeadSeen = false
      stopKeeping()
      throw error
    }
    // Session cookies are set by outer wrappers, at the last moment.
    if (this.hasHeader('set-cookie')) stopKeeping()
    return this
  }

  res.write = function (this: ServerResponse, ...args: unknown[]): boolean {
    // The head comes first, so that it is known whether this is to be kept.
    if (!this.headersSent && isChunk(args[0])) this.writeHead(this.statusCode)
    // Within end() this is a wrapper further in, and its bytes are those that end() was given.
    if (!isEnded) keep(args[0], args[1])
    return Reflect.apply(found.write, this, args)
  } as typeof res.write

  res.end = function (this: ServerResponse, ...args: unknown[]): ServerResponse {
    if (isEnded) return Reflect.apply(found.end, this, args)
    isEnded = true
    try {
      Reflect.apply(found.end, this, args)
    } catch (error) {
      isEnded = false
      throw error
    }
    keep(args[0], args[1])
    return this
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

function headOf(res: ServerResponse, status: number, message: string | undefined): ResponseHead {
  // The message is unset until somebody sets it.
  return { status, statusMessage: message ?? (res.statusMessage || ''), fields: fieldsOf(res) }
}

/** Takes in the fields that `writeHead` was given, in each of its forms: an object, pairs, a flat list. */
function setFields(res: ServerResponse, head: Head): void {
  if (head === undefined || (head as unknown) === null) return
  if (!Array.isArray(head)) {
    for (const [name, value] of Object.entries(head)) if (value !== undefined) res.setHeader(name, value)
    return
  }
  const pairs = pairsOf(head)
  for (const [name] of pairs) res.removeHeader(name)
  for (const [name, value] of pairs) for (const line of [value].flat()) res.appendHeader(name, String(line))
}

function pairsOf(list: readonly unknown[]): (readonly [name: string, value: unknown])[] {
  if (Array.isArray(list[0]))
    return (list as readonly (readonly [unknown, unknown])[]).map(([name, value]) => [String(name), value])
  const names = list.filter((_, index) => index % 2 === 0 && index + 1 < list.length)
  return names.map((name, index) => [String(name), list[2 * index + 1]])
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
