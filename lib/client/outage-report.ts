import { describeCause } from '../errors'
import type { Events } from '../events'
import type { Logger } from '../logger'
import type { ClientEvents } from './client-state'

const MOST_CAUSES = 20
/** A cause that has not been seen for this long is news again. */
const QUIET_MS = 60_000

/** Tells of an outage: listeners once when it begins and once when it is over, the log once for each cause. */
export class OutageReport {
  readonly #logger: Logger
  readonly #events: Events<ClientEvents>
  readonly #lastSeen = new Map<string, number>()
  #since: number | undefined
  #lastCause: string | undefined
  #wasConnected = false

  constructor(logger: Logger, events: Events<ClientEvents>) {
    this.#logger = logger
    this.#events = events
  }

  /** Why Redis is not in use, in one line; `undefined` while it is. */
  get lastCause(): string | undefined {
    return this.#lastCause
  }

  /** Redis has refused a command, and stays in use. */
  refused(error: unknown): void {
    const cause = describeCause(error)
    const now = performance.now()
    const isNews = now - (this.#lastSeen.get(cause) ?? -Infinity) > QUIET_MS
    if (this.#lastSeen.size >= MOST_CAUSES && !this.#lastSeen.has(cause)) return
    this.#lastSeen.set(cause, now)
    if (isNews) this.#logger.error('Redis client error', { cause })
  }

  /** Redis is not usable, or still isn't. */
  unusable(error: unknown): void {
    this.#lastCause = describeCause(error)
    this.refused(error)
    if (this.#since !== undefined) return
    this.#since = performance.now()
    this.#events.emit('degraded', { cause: error instanceof Error ? error : new Error(this.#lastCause) })
  }

  /** Redis is in use; so many changes were brought over first. */
  usable(replayed: number): void {
    const isFirst = !this.#wasConnected
    const since = this.#since
    this.#wasConnected = true
    this.#since = undefined
    this.#lastCause = undefined
    if (since !== undefined) {
      this.#lastSeen.clear()
      const outageMs = Math.round(performance.now() - since)
      this.#logger.info('Redis client connected', { outageMs, replayed })
      this.#events.emit('recovered', { outageMs, replayed })
    } else if (isFirst) {
      this.#logger.info('Redis client connected')
    }
  }
}
