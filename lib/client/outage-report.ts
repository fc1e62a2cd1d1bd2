import { describeCause } from '../errors'
import type { Events } from '../events'
import type { Logger } from '../logger'
import type { BroughtOver, ClientEvents } from './client-state'

const MOST_CAUSES = 20
/** A cause that has not been seen for this long is news again. */
const QUIET_MS = 60_000

/** Tells of an outage: listeners once when it begins and once when it is over, the log once for each cause. */
export class OutageReport {
  readonly #logger: Logger
  readonly #events: Events<ClientEvents>
  readonly #lastSeen = new Map<string, number>()
  #since: number | undefined
  #suspectSince: number | undefined
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
    // However long an attempt may take: the later ones may take longer.
    const kind = cause.replace(/\d+ ms$/, 'ms')
    const now = performance.now()
    const isNews = now - (this.#lastSeen.get(kind) ?? -Infinity) > QUIET_MS
    if (this.#lastSeen.size >= MOST_CAUSES && !this.#lastSeen.has(kind)) {
      for (const [old, seen] of this.#lastSeen) if (now - seen > QUIET_MS) this.#lastSeen.delete(old)
      if (this.#lastSeen.size >= MOST_CAUSES) return
    }
    this.#lastSeen.set(kind, now)
    if (isNews) this.#logger.error('Redis client error', { cause })
  }

  /** Redis has not answered in time: if this is an outage, it began now. */
  suspect(error: unknown): void {
    this.#lastCause = describeCause(error)
    this.#suspectSince = performance.now()
  }

  /** Redis is not usable, or still isn't. */
  unusable(error: unknown): void {
    this.#lastCause = describeCause(error)
    this.refused(error)
    if (this.#since !== undefined) return
    this.#since = this.#suspectSince ?? performance.now()
    this.#events.emit('degraded', { cause: error instanceof Error ? error : new Error(this.#lastCause) })
  }

  /** So much has changed that it is noted as one. */
  journalFull(): void {
    this.#logger.warn(
      'Too much has changed to be noted one by one: Redis will be told that all of it is void',
    )
  }

  /** Redis has lost what it had acknowledged, and is told again. */
  historyLost(changes: number | 'everything'): void {
    this.#logger.warn('Redis has gone back in time: what was changed since is brought again', { changes })
  }

  /** The cache was closed before Redis had all that it should. */
  closedTooEarly(changesNotCarriedOver: number): void {
    this.#logger.warn('Closed before Redis was back', { changesNotCarriedOver })
  }

  /** Redis is in use; so many changes were brought over first. */
  usable({ replayed, everything }: BroughtOver): void {
    const isFirst = !this.#wasConnected
    const since = this.#since
    this.#wasConnected = true
    this.#since = undefined
    this.#suspectSince = undefined
    this.#lastCause = undefined
    if (since !== undefined) {
      this.#lastSeen.clear()
      const outageMs = Math.round(performance.now() - since)
      this.#logger.info('Redis client connected', { outageMs, replayed, everything })
      this.#events.emit('recovered', { outageMs, replayed, everything })
    } else if (isFirst) {
      this.#logger.info('Redis client connected')
    }
  }
}
