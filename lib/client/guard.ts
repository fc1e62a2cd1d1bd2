import { CommandTimeoutError } from '../errors'
import type { CacheClient } from './cache-client'
import type { Command } from './command'
import { Deadline } from './deadline'
import type { Send } from './invalidation'
import { Probation } from './probation'
import { Ramp } from './ramp'
import { SilenceWatch } from './silence-watch'

/** Where no caller waits for an answer there is time to tell a hiccup from an outage. */
const PATIENCE_MS = 1000
/** The part of a command's budget after which nobody new is made to wait for a Redis that answers nobody. */
const SILENCE = 0.4

/** For how long an answer proves that the connection carries what Redis has to tell. */
const PROOF_MS = 1000

/** Redis has only just come back, and there is no room for this command yet. It says nothing of Redis. */
export class NoRoomError extends Error {}

/** The way to Redis: whatever is sent goes through here, and nothing of it waits for longer than its budget. */
export class Guard {
  readonly #redis: CacheClient
  readonly #deadline: Deadline
  readonly #patience: Deadline
  readonly #brisk: Deadline
  readonly #silence: SilenceWatch
  readonly #probation = new Probation()
  #connection = 0
  /** Whether one of the commands under way is being timed: how far away Redis is. */
  #isSounding = false
  #ramp: Ramp | undefined
  #trustedUntil = -Infinity

  /** Takes who is told when nothing is answered any more. */
  constructor(redis: CacheClient, commandTimeoutMs: number, onSilence: (cause: Error) => void) {
    this.#redis = redis
    this.#deadline = new Deadline(commandTimeoutMs)
    this.#patience = new Deadline(Math.max(PATIENCE_MS, commandTimeoutMs))
    const limitMs = SILENCE * commandTimeoutMs
    this.#brisk = new Deadline(limitMs)
    this.#silence = new SilenceWatch({
      deadline: this.#deadline,
      progress: () => redis.bytesReceived?.() ?? this.#deadline.answers,
      limitMs,
      onSilence: () => {
        onSilence(new CommandTimeoutError(limitMs))
      },
    })
  }

  /**
   * Until when, by `performance.now()`, what has arrived is taken to be all that was sent: a second after a command
   * was sent that has been answered.
   */
  get trustedUntil(): number {
    return this.#trustedUntil
  }

  /** Sends what is our own business. */
  readonly send: Send = (command) => {
    this.#silence.begin()
    return this.#isSounding ? this.#deadline.bound(command(this.#redis)) : this.#sound(command)
  }

  /** Sends what nobody waits for. */
  readonly sendPatiently: Send = (command) => this.#patience.bound(command(this.#redis))

  /** Sends what the application wants, where there is room for it: Redis may have come back only just now. */
  serve<Result>(command: Command<Result>): Promise<Result> {
    if (this.#ramp?.isOver === true) this.#ramp = undefined
    return this.#ramp === undefined ? this.send(command) : this.#serveWithin(this.#ramp, command)
  }

  async #sound<Result>(command: Command<Result>): Promise<Result> {
    this.#isSounding = true
    const begun = performance.now()
    try {
      const answer = await this.#deadline.bound(command(this.#redis))
      this.#silence.learn(performance.now() - begun)
      this.#trustedUntil = begun + PROOF_MS
      return answer
    } finally {
      this.#isSounding = false
    }
  }

  async #serveWithin<Result>(ramp: Ramp, command: Command<Result>): Promise<Result> {
    if (!ramp.enter()) throw new NoRoomError()
    let wasAnswered = false
    try {
      const answer = await this.send(command)
      wasAnswered = true
      return answer
    } finally {
      ramp.leave(wasAnswered)
    }
  }

  /** Lets the application's traffic back little by little. */
  beginRamp(): void {
    this.#ramp = new Ramp()
  }

  /**
   * Waits for a sign of life, and goes on waiting while bytes arrive: the answer may stand behind a long one. Rejects
   * with what was the matter where there is none, and where it was the matter too often.
   */
  async probe(cause: Error): Promise<void> {
    await this.#patience
      .boundWhile(() => this.#redis.bytesReceived?.(), this.#redis.ping())
      .catch(() => Promise.reject(cause))
    if (this.#probation.note()) throw slow(cause)
  }

  /** Resolves when a new connection may be put to use: at once, unless Redis has been slow again and again. */
  async admit(): Promise<void> {
    const connection = this.#connection
    await this.#probation.pass(async () => {
      if (connection !== this.#connection) throw new Error('Disconnected while it was on probation')
      await this.#brisk.bound(this.#redis.ping()).catch((error: unknown) => {
        throw error instanceof CommandTimeoutError ? slow(error) : error
      })
    })
  }

  /** Drops the connection: what is under way fails at once. */
  drop(): void {
    this.#connection += 1
    this.#silence.end()
    this.#redis.disconnect()
  }

  /** Resolves when what is under way has been answered, or given up. */
  idle(): Promise<void> {
    return this.#deadline.idle()
  }

  /** Waits for something within the budget of a command. */
  wait<Value>(work: Promise<Value>): Promise<Value> {
    return this.#deadline.bound(work)
  }

  /** Waits for something within a second, or the budget of a command if that is longer. */
  waitLonger<Value>(work: Promise<Value>): Promise<Value> {
    return this.#patience.bound(work)
  }
}

function slow(cause: Error): Error {
  return new Error(`Slow again and again: ${cause.message}`, { cause })
}
