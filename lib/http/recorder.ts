import type { ServerResponse } from 'node:http'
import type { Answer } from './answer'
import { isChunk, toBuffer, wholeOf } from './body-chunk'
import { DeclaredFreshness } from './declared-freshness'
import { mute, putInPlace } from './in-place'
import { isGone, whenGone } from './is-gone'
import type { Fields } from './recording'
import { fieldsOf } from './recording'
import { SentHead } from './sent-head'
import { takeInHead } from './written-head'

/** What a recorder asks of the one who decides. */
export interface Recorder {
  /**
   * Called once, before the head is sent. It can have the whole body where that is known by then: where it is sent in
   * one piece.
   */
  readonly onHead: (head: SentHead, whole: (() => Buffer) | undefined) => Decision
  /**
   * Called once: with the body when all of it was sent and kept, without it as soon as that can't come any more.
   * `isRefused` where that is for what was sent: the next one will be like it.
   */
  readonly onDone: (body: Buffer | undefined, isRefused: boolean) => void
  /** What is waited for before the response ends. */
  readonly beforeEnd?: () => Promise<unknown> | undefined
  /** The fields that are read before `Cache-Control` and `Expires`, in lower case. @default none */
  readonly targetedFields?: readonly string[]
  /** Around whatever wrapped the response before: what that does is not the route's doing. */
  readonly outside?: <Result>(call: () => Result) => Result
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

type Send = (this: ServerResponse, ...args: unknown[]) => unknown

/**
 * Listens to what a response really sends, whichever way it is sent. The only place that wraps `res`: it puts
 * its own functions over those it found, so that what wrapped the response before stays in force.
 *
 * @param before - the fields that are set already, where the caller has taken them.
 */
export function record(
  res: ServerResponse,
  recorder: Recorder,
  before: Fields = fieldsOf(res),
): RecordedResponse {
  return new ResponseRecorder(res, recorder, before)
}

class ResponseRecorder implements RecordedResponse {
  readonly #res: ServerResponse
  readonly #recorder: Recorder
  readonly #before: Fields
  /** The functions that were found. */
  readonly #writeHead: Send
  readonly #write: Send
  readonly #end: Send
  #chunks: Buffer[] = []
  #decision: Decision | undefined
  #room: number | undefined
  readonly #declared: DeclaredFreshness
  /** What `end` was given, once it has been asked for. */
  #whole: Buffer | undefined
  #isBodyBegun = false
  #isEnded = false
  /** Ended by the route, and held back. */
  #isHeld = false
  #isReplaced = false
  #isDone = false

  constructor(res: ServerResponse, recorder: Recorder, before: Fields) {
    const { writeHead, write, end } = res as unknown as Record<'writeHead' | 'write' | 'end', Send>
    this.#res = res
    this.#recorder = recorder
    this.#before = before
    this.#declared = new DeclaredFreshness(recorder.targetedFields ?? [])
    this.#writeHead = writeHead
    this.#write = write
    this.#end = end
    for (const method of ['setHeader', 'appendHeader'] as const) this.#watchFields(method)
    res.writeHead = (...args: unknown[]) => this.#onWriteHead(args)
    res.write = ((...args: unknown[]) => this.#onWrite(args)) as typeof res.write
    res.end = ((...args: unknown[]) => this.#onEnd(args)) as typeof res.end
    whenGone(res, () => {
      this.#stopKeeping()
      this.#done(undefined)
    })
  }

  replaceBy(answer: Answer): boolean {
    const res = this.#res
    if (this.#isReplaced || this.#isEnded || res.headersSent || isGone(res)) return false
    putInPlace(res, this.#before, answer)
    this.#sendInstead(answer)
    return true
  }

  #watchFields(method: 'setHeader' | 'appendHeader'): void {
    const res = this.#res
    const { [method]: found } = res as unknown as Record<typeof method, Send>
    res[method] = (name: string, value: string | readonly string[]) => {
      this.#declared.note(name, res)
      found.call(res, name, value)
      return res
    }
  }

  #onWriteHead(args: readonly unknown[]): ServerResponse {
    const res = this.#res
    if (this.#isReplaced) return res
    const isFirst = this.#decision === undefined && !res.headersSent
    if (isFirst) {
      takeInHead(res, args)
      const { instead } = this.#decide()
      if (instead !== undefined && this.#room === undefined) {
        this.#sendInstead(instead)
        return res
      }
    }
    try {
      // With what it was told above, or by those who are between this and the route.
      this.#send(this.#writeHead, isFirst || this.#decision?.instead !== undefined ? [res.statusCode] : args)
    } catch (error) {
      if (!res.headersSent) this.#undecide()
      throw error
    }
    // Session cookies are set by outer wrappers, at the last moment.
    if (this.#room !== undefined && this.#decision?.mayHaveCookie !== true && res.hasHeader('set-cookie')) {
      this.#stopKeeping()
      this.#done(undefined, true)
    }
    return res
  }

  #onWrite(args: unknown[]): boolean {
    const res = this.#res
    // The head comes first, so that it is known whether this is to be kept.
    if (!this.#isReplaced && !res.headersSent && isChunk(args[0])) {
      const { instead } = this.#decide()
      if (instead !== undefined && this.#room === undefined) this.#sendInstead(instead)
      // A 304 is complete with its head: its client need not wait for the body that is kept.
      else if (instead !== undefined) res.flushHeaders()
      else res.writeHead(res.statusCode)
    }
    // Within end() this is a wrapper further in, and its bytes are those that end() was given.
    if (!this.#isEnded) this.#keep(args[0], args[1])
    if (this.#isReplaced || this.#isHeld || this.#decision?.instead !== undefined) return swallow(args)
    this.#isBodyBegun = true
    const takesMore = this.#send(this.#write, args) as boolean
    // What is kept is in memory anyway: a client that takes nothing must not hold up those who wait for it.
    return takesMore || this.#room !== undefined
  }

  #onEnd(args: unknown[]): ServerResponse {
    const res = this.#res
    if (this.#isReplaced || this.#isHeld) {
      swallow(args)
      return res
    }
    if (this.#isEnded) return this.#send(this.#end, args) as ServerResponse
    const isWhole = !this.#isBodyBegun && !res.headersSent
    const whole = (): Buffer => (this.#whole ??= wholeOf(args))
    this.#decide(isWhole ? whole : undefined)
    this.#isEnded = true
    const awaited = this.#recorder.beforeEnd?.()
    if (awaited === undefined) this.#finish(args)
    else {
      // The head is made, so that whoever comes now finds it sent, and cannot put another in its place.
      if (isWhole && !res.hasHeader('content-length') && !res.hasHeader('transfer-encoding'))
        if (res.statusCode !== 204 && res.statusCode !== 304) res.setHeader('Content-Length', whole().length)
      if (!res.headersSent) this.#send(this.#writeHead, [res.statusCode])
      this.#isHeld = true
      const finish = (): void => {
        this.#isHeld = false
        this.#finish(args)
      }
      void awaited.then(finish, finish)
    }
    return res
  }

  #finish(args: unknown[]): void {
    const instead = this.#decision?.instead
    try {
      this.#send(this.#end, instead === undefined ? args : [instead.body, ...args.filter(isFunction)])
    } catch (error) {
      this.#isEnded = false
      this.#undecide()
      throw error
    }
    this.#keep(args[0], args[1])
    // Handlers that notice an abort end the response: what is cut off then looks complete.
    if (this.#room === undefined || isGone(this.#res)) this.#done(undefined)
    else this.#done(this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks))
  }

  #decide(whole?: () => Buffer): Decision {
    if (this.#decision !== undefined) return this.#decision
    const res = this.#res
    const decision = this.#recorder.onHead(new SentHead(res, this.#declared), whole)
    this.#decision = decision
    this.#room = decision.room
    if (decision.instead !== undefined) putInPlace(res, this.#before, decision.instead)
    if (this.#room === undefined && decision.instead === undefined) this.#done(undefined)
    return decision
  }

  /** This head was not sent: what is sent instead is another one. */
  #undecide(): void {
    this.#decision = undefined
    this.#isDone = false
    this.#stopKeeping()
  }

  #keep(chunk: unknown, encoding: unknown): void {
    if (this.#room === undefined || !isChunk(chunk)) return
    const bytes = this.#whole ?? toBuffer(chunk, encoding)
    this.#room -= bytes.length
    if (this.#room >= 0) this.#chunks.push(bytes)
    else {
      this.#stopKeeping()
      this.#done(undefined, true)
    }
  }

  #stopKeeping(): void {
    this.#room = undefined
    this.#chunks = []
    this.#whole = undefined
  }

  #done(body: Buffer | undefined, isRefused = false): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#recorder.onDone(body, isRefused)
  }

  #send(found: Send, args: readonly unknown[]): unknown {
    const call = (): unknown => Reflect.apply(found, this.#res, args)
    return this.#recorder.outside === undefined ? call() : this.#recorder.outside(call)
  }

  #sendInstead(answer: Answer): void {
    this.#isReplaced = true
    mute(this.#res)
    if (!this.#res.headersSent) this.#send(this.#writeHead, [this.#res.statusCode])
    this.#send(this.#end, [answer.body])
    this.#done(undefined)
  }
}

function swallow(args: unknown[]): true {
  const callback = args.find(isFunction)
  if (callback !== undefined) process.nextTick(callback)
  return true
}

function isFunction(value: unknown): value is () => void {
  return typeof value === 'function'
}
