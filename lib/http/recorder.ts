import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Answer } from './answer'
import type { Fields, ResponseHead } from './recording'
import { fieldsOf } from './recording'
import { setHead } from './replay'

/** What a recorder asks of the one who decides. */
export interface Recorder {
  /**
   * Called once, before the head is sent. It is given the whole body where that is known by then: where it is sent
   * in one piece.
   */
  readonly onHead: (head: SentHead, whole: Buffer | undefined) => Decision
  /**
   * Called once: with the body when all of it was sent and kept, without it as soon as that can't come any more.
   * `isRefused` where that is for what was sent: the next one will be like it.
   */
  readonly onDone: (body: Buffer | undefined, isRefused: boolean) => void
  /** What is waited for before the response ends. */
  readonly beforeEnd?: () => Promise<unknown> | undefined
  /** Around whatever wrapped the response before: what that does is not the route's doing. */
  readonly outside?: <Result>(call: () => Result) => Result
}

/** A head as it is about to be sent. */
export interface SentHead extends ResponseHead {
  /** The status that was set when freshness was last declared; `undefined` where it was not declared by the route. */
  readonly declaredUnder: number | undefined
}

/** What becomes of a response. */
export interface Decision {
  /** How much of the body to keep, in bytes; none is wanted where it is left out. */
  readonly room?: number | undefined
  /** Whether it may set a cookie and be kept all the same. @default false */
  readonly mayHaveCookie?: boolean
  /** What is sent in its place: at once, or when the route is done where the body is kept. */
  readonly instead?: Answer | undefined
}

/** A response that is being recorded. */
export interface RecordedResponse {
  /** Sends something else in its place, if its head has not been sent; what the route sends later goes nowhere. */
  readonly replaceBy: (answer: Answer) => boolean
}

type Head = OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined
type Send = (this: ServerResponse, ...args: unknown[]) => unknown

const HEADER_CHANGES = ['setHeader', 'appendHeader', 'setHeaders', 'removeHeader', 'flushHeaders'] as const

/**
 * Listens to what a response really sends, whichever way it is sent. The only place that wraps `res`: it puts
 * its own functions over those it found, so that what wrapped the response before stays in force.
 */
export function record(res: ServerResponse, recorder: Recorder): RecordedResponse {
  const { writeHead, write, end, setHeader } = res as unknown as Record<string, Send>
  const before = fieldsOf(res)
  const chunks: Buffer[] = []
  let decision: Decision | undefined
  let room: number | undefined
  let declaredUnder: number | undefined
  let isBodyBegun = false
  let isEnded = false
  /** Ended by the route, and held back. */
  let isHeld = false
  let isReplaced = false
  let isDone = false

  const send = (found: Send | undefined, args: unknown[]): unknown => {
    const call = (): unknown => found !== undefined && Reflect.apply(found, res, args)
    return recorder.outside === undefined ? call() : recorder.outside(call)
  }
  const done = (body: Buffer | undefined, isRefused = false): void => {
    if (isDone) return
    isDone = true
    recorder.onDone(body, isRefused)
  }
  const stopKeeping = (): void => {
    room = undefined
    chunks.length = 0
  }
  const keep = (chunk: unknown, encoding: unknown): void => {
    if (room === undefined || !isChunk(chunk)) return
    const bytes = toBuffer(chunk, encoding)
    room -= bytes.length
    if (room >= 0) chunks.push(bytes)
    else {
      stopKeeping()
      done(undefined, true)
    }
  }
  const decide = (whole?: Buffer): Decision => {
    if (decision !== undefined) return decision
    decision = recorder.onHead({ ...headOf(res), declaredUnder }, whole)
    room = decision.room
    if (decision.instead !== undefined) putInPlace(res, before, decision.instead)
    if (room === undefined && decision.instead === undefined) done(undefined)
    return decision
  }
  /** This head was not sent: what is sent instead is another one. */
  const undecide = (): void => {
    decision = undefined
    isDone = false
    stopKeeping()
  }
  const sendInstead = (answer: Answer): void => {
    isReplaced = true
    mute(res)
    if (!res.headersSent) send(writeHead, [res.statusCode])
    send(end, [answer.body])
    done(undefined)
  }

  res.setHeader = function (this: ServerResponse, name: string, value: OutgoingHttpHeader) {
    if (/^(cache-control|expires)$/i.test(name)) declaredUnder = this.statusCode
    Reflect.apply(setHeader as Send, this, [name, value])
    return this
  }

  res.writeHead = function (this: ServerResponse, status: number, ...rest: unknown[]): ServerResponse {
    if (isReplaced) return this
    const isFirst = decision === undefined && !this.headersSent
    if (isFirst) {
      const message = typeof rest[0] === 'string' ? rest[0] : undefined
      this.statusCode = status
      if (message !== undefined) this.statusMessage = message
      setFields(this, (message === undefined ? (rest[0] ?? rest[1]) : rest[1]) as Head)
      const { instead } = decide()
      if (instead !== undefined && room === undefined) {
        sendInstead(instead)
        return this
      }
    }
    try {
      // With what it was told above, or by those who are between this and the route.
      send(writeHead, isFirst || decision?.instead !== undefined ? [this.statusCode] : [status, ...rest])
    } catch (error) {
      if (!this.headersSent) undecide()
      throw error
    }
    // Session cookies are set by outer wrappers, at the last moment.
    if (room !== undefined && decision?.mayHaveCookie !== true && this.hasHeader('set-cookie')) {
      stopKeeping()
      done(undefined, true)
    }
    return this
  }

  res.write = function (this: ServerResponse, ...args: unknown[]): boolean {
    // The head comes first, so that it is known whether this is to be kept.
    if (!isReplaced && !this.headersSent && isChunk(args[0])) {
      const { instead } = decide()
      if (instead !== undefined && room === undefined) sendInstead(instead)
      else this.writeHead(this.statusCode)
    }
    // Within end() this is a wrapper further in, and its bytes are those that end() was given.
    if (!isEnded) keep(args[0], args[1])
    if (isReplaced || isHeld || decision?.instead !== undefined) return swallow(args)
    isBodyBegun = true
    return send(write, args) as boolean
  } as typeof res.write

  res.end = function (this: ServerResponse, ...args: unknown[]): ServerResponse {
    if (isReplaced || isHeld) {
      swallow(args)
      return this
    }
    if (isEnded) return send(end, args) as ServerResponse
    const whole = isBodyBegun || this.headersSent ? undefined : wholeOf(args)
    const { instead } = decide(whole)
    isEnded = true
    const finish = (): void => {
      isHeld = false
      try {
        send(end, instead === undefined ? args : [instead.body, ...args.filter(isFunction)])
      } catch (error) {
        isEnded = false
        undecide()
        throw error
      }
      keep(args[0], args[1])
      // Handlers that notice an abort end the response: what is cut off then looks complete.
      done(room === undefined || isLost(this) ? undefined : Buffer.concat(chunks))
    }
    const awaited = recorder.beforeEnd?.()
    if (awaited === undefined) finish()
    else {
      // The head is made, so that whoever comes now finds it sent, and cannot put another in its place.
      if (whole !== undefined && !this.hasHeader('content-length') && !this.hasHeader('transfer-encoding'))
        if (this.statusCode !== 204 && this.statusCode !== 304) this.setHeader('Content-Length', whole.length)
      if (!this.headersSent) send(writeHead, [this.statusCode])
      isHeld = true
      void awaited.then(finish, finish)
    }
    return this
  } as typeof res.end

  res.once('close', () => {
    stopKeeping()
    done(undefined)
  })
  return {
    replaceBy(answer) {
      if (isReplaced || isEnded || res.headersSent || isLost(res)) return false
      putInPlace(res, before, answer)
      sendInstead(answer)
      return true
    },
  }
}

/** Puts another head in the place of the route's; what earlier middleware had set stays, and what the cache says. */
function putInPlace(res: ServerResponse, before: Fields, answer: Answer): void {
  const status = res.getHeader('cache-status')
  for (const name of res.getHeaderNames()) res.removeHeader(name)
  for (const [name, value] of before) res.setHeader(name, value)
  res.statusMessage = ''
  setHead(res, answer)
  if (status !== undefined) res.setHeader('Cache-Status', status)
}

/** From here on the route sets fields of nothing: it must not fail for that. */
function mute(res: ServerResponse): void {
  const nothing = function (this: unknown): unknown {
    return this
  }
  // Behind this turn, for wrappers further out that still have something to say.
  setImmediate(() => {
    for (const name of HEADER_CHANGES) Object.assign(res, { [name]: nothing })
  })
}

function isLost(res: ServerResponse): boolean {
  return res.destroyed || res.socket?.destroyed === true
}

function swallow(args: unknown[]): true {
  const callback = args.find(isFunction)
  if (callback !== undefined) process.nextTick(callback)
  return true
}

function isFunction(value: unknown): value is () => void {
  return typeof value === 'function'
}

function headOf(res: ServerResponse): ResponseHead {
  // The message is unset until somebody sets it.
  return { status: res.statusCode, statusMessage: res.statusMessage || '', fields: fieldsOf(res) }
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
  for (const [name, value] of pairs) {
    const lines = [res.getHeader(name) ?? [], value].flat().map(String)
    res.setHeader(name, lines.length === 1 ? (lines[0] ?? '') : lines)
  }
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

/** The body that `end` was given, all there is of it. */
function wholeOf([chunk, encoding]: unknown[]): Buffer {
  return isChunk(chunk) ? toBuffer(chunk, encoding) : Buffer.alloc(0)
}

function toBuffer(chunk: string | Uint8Array, encoding: unknown): Buffer {
  if (typeof chunk === 'string')
    return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  // A copy: the sender may use its memory again.
  return Buffer.from(chunk)
}
