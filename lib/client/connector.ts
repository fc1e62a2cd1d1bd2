import { setImmediate as nextTurn } from 'node:timers/promises'
import { Backoff } from './backoff'
import type { CacheClient } from './cache-client'
import { Deadline } from './deadline'

/** How a {@link Connector} is told what to do with what it gets. */
export interface ConnectorOptions {
  /** The budget of a command: a handshake is a few of them. */
  readonly commandTimeoutMs: number
  /** Resolves when a connection that stands may be put to use. Where it rejects the attempt has failed. */
  readonly admit: () => Promise<void>
  /** The connection stands. */
  readonly onConnected: () => Promise<void>
  /** An attempt has failed; the next one is on its way. */
  readonly onFailed: (cause: unknown) => void
}

const SHORTEST_LIMIT_MS = 400
const LONGEST_LIMIT_MS = 2000
/** How often an attempt may take long: connecting may have become slower than it was. */
const LONG_ATTEMPT_EVERY = 25

/**
 * Gets the connection, and gets it back: one attempt at a time, each within a limit. An attempt whose bytes
 * vanish on the way must not keep the next one waiting, so the limit follows the time that connecting takes.
 */
export class Connector {
  readonly #client: CacheClient
  readonly #options: ConnectorOptions
  readonly #backoff = new Backoff()
  #timer: NodeJS.Timeout | undefined
  #attempt: Promise<void> = Promise.resolve()
  #attempts = 0
  #begun: number | undefined
  #usualMs: number | undefined
  #state: 'trying' | 'stopped' = 'trying'

  constructor(client: CacheClient, options: ConnectorOptions) {
    this.#client = client
    this.#options = options
  }

  /** Tries for the first time, and resolves when that has come to something. */
  async start(): Promise<void> {
    // An application that starts has the event loop to itself: what it does in this turn is not to be waited for.
    await nextTurn()
    await this.#try()
  }

  /** Tries again after a while. The time that the last attempt took is part of it. */
  retry(): void {
    const from = this.#begun ?? performance.now()
    this.#schedule(from + this.#backoff.next() - performance.now())
  }

  /** The connection has proven itself: the next wait begins with the shortest, and ends with the crowd's. */
  succeeded(): void {
    this.#begun = undefined
    this.#backoff.reset()
    this.#countCrowd().catch(() => undefined)
  }

  /** Tries no more. What is under way comes to nothing, unless it is asked for by {@link Connector.connect}. */
  stop(): void {
    this.#state = 'stopped'
    clearTimeout(this.#timer)
  }

  /** One attempt, whatever else is scheduled. Rejects when it fails. */
  async connect(): Promise<void> {
    // One that was given up may still be on its way out.
    await new Deadline(LONGEST_LIMIT_MS).bound(this.#attempt).catch(() => undefined)
    const begun = performance.now()
    this.#begun = begun
    const connecting = this.#client.connect()
    this.#attempt = connecting.catch(() => undefined)
    const limitMs = this.#limit()
    try {
      await new Deadline(limitMs).bound(connecting)
    } catch (cause) {
      this.#client.disconnect()
      throw cause
    }
    const tookMs = performance.now() - begun
    // The first may have waited for the application to start, and a long one says that times have changed.
    this.#usualMs = Math.min(
      tookMs,
      limitMs >= LONGEST_LIMIT_MS ? tookMs : (this.#usualMs ?? tookMs),
      LONGEST_LIMIT_MS / 3,
    )
  }

  async #countCrowd(): Promise<void> {
    this.#backoff.shareAmong((await this.#client.connections?.()) ?? 1)
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#try(), Math.max(0, delayMs)).unref()
  }

  async #try(): Promise<void> {
    if (this.#isStopped()) return
    try {
      await this.connect()
      await this.#options.admit()
    } catch (cause) {
      if (!this.#isStopped()) this.#options.onFailed(cause)
      return
    }
    if (this.#isStopped()) this.#client.disconnect()
    else await this.#options.onConnected()
  }

  #isStopped(): boolean {
    return this.#state === 'stopped'
  }

  #limit(): number {
    this.#attempts += 1
    const { commandTimeoutMs } = this.#options
    const shortMs = Math.max(SHORTEST_LIMIT_MS, 4 * commandTimeoutMs, 3 * (this.#usualMs ?? 0))
    if (this.#usualMs !== undefined) {
      return this.#attempts % LONG_ATTEMPT_EVERY === 0 ? Math.max(LONGEST_LIMIT_MS, shortMs) : shortMs
    }
    // How long it takes is not known yet: longer and longer, over and over.
    return Math.min(shortMs * 2 ** ((this.#attempts - 1) % 4), Math.max(LONGEST_LIMIT_MS, shortMs))
  }
}
