import type { Clock } from '../clock'
import { isRestored, refusing, timeOf } from './revocation'
import type { Revocation } from './revocation'
import { RevocationTable } from './revocation-table'

/** A change of this process's own that has not been read back from Redis. */
interface OwnChange {
  revocation: Revocation
  /** Whether Redis has acknowledged it. */
  isAcknowledged: boolean
  /** When it was last sent, by `performance.now()`. */
  sentAt: number
}

/**
 * The revocations that this process knows of: those of all instances as far as it has heard, and its own. It never
 * forgets one within its lifetime, whatever becomes of Redis.
 *
 * An own change stays noted until it has been read back: an acknowledgement says that Redis had it once, what is read
 * in the log behind the last known entry is part of a history that is proven as a whole.
 */
export class RevocationCopy {
  readonly #table: RevocationTable
  readonly #own = new Map<string, OwnChange>()
  #isWhole = true

  constructor(capacity: number, clock: Clock) {
    this.#table = new RevocationTable(capacity, () => clock.now() / 1000)
  }

  /** Whether there was room for all that was to be learnt. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** Whether there was no room for all, and there is now. */
  get hasRoomAgain(): boolean {
    return !this.#isWhole && this.#table.hasRoom
  }

  /** Whether any subject may have been logged out everywhere. */
  get hasSubjects(): boolean {
    return this.#table.hasSubjects
  }

  /** Whether any token may have been spared by such a cut-off. */
  get hasExemptions(): boolean {
    return this.#table.hasExemptions
  }

  /** How many bytes the revocations take. */
  get bytes(): number {
    return this.#table.bytes
  }

  /** The value of an id; `undefined` where none is known, or it doesn't matter any more. */
  find(id: string): number | undefined {
    return this.#table.find(id)
  }

  /** Notes a change of this process's own. @returns what is known now; `undefined` where there is no room for it. */
  note(revocation: Revocation): Revocation | undefined {
    const known = this.#table.merge(revocation)
    if (known === undefined) this.#isWhole = false
    else this.#own.set(known.id, { revocation: known, isAcknowledged: false, sentAt: -Infinity })
    return known
  }

  /** Learns what Redis has under the key of an id. */
  learn(revocation: Revocation): void {
    if (this.#table.merge(revocation) === undefined) this.#isWhole = false
  }

  /** Learns what the log says. What it says of an own change settles it, or contradicts it. */
  read(revocation: Revocation): void {
    this.learn(revocation)
    const own = this.#own.get(revocation.id)
    if (own === undefined) return
    const { value, until } = own.revocation
    const isUndone = isRestored(revocation.value) || timeOf(revocation.value) < timeOf(value)
    if (isUndone && revocation.value > value && !isRestored(value)) {
      // Taken back elsewhere, while this process revoked it: err towards revoked.
      this.note({ ...own.revocation, value: refusing(timeOf(value), revocation.value) })
    } else if (revocation.value >= value && revocation.until >= until) {
      this.#own.delete(revocation.id)
    }
  }

  /** Redis has acknowledged these, which were sent at this time. */
  acknowledge(sent: readonly Revocation[], sentAt: number): void {
    for (const { id, value, until } of sent) {
      const own = this.#own.get(id)
      if (own === undefined || own.revocation.value > value || own.revocation.until > until) continue
      own.isAcknowledged = true
      own.sentAt = sentAt
    }
  }

  /** Redis has acknowledged these, and there is no log in which they could be read back. */
  settle(sent: readonly Revocation[]): void {
    this.acknowledge(sent, 0)
    for (const { id } of sent) if (this.#own.get(id)?.isAcknowledged === true) this.#own.delete(id)
  }

  /** Own changes that Redis is to be told: those not acknowledged, and those sent before this time and not read back. */
  unsettled(sentBefore = -Infinity): Revocation[] {
    return [...this.#own.values()]
      .filter(({ isAcknowledged, sentAt }) => !isAcknowledged || sentAt < sentBefore)
      .map(({ revocation }) => revocation)
  }

  /** How many of them Redis has not acknowledged. */
  countUnacknowledged(): number {
    return this.unsettled().length
  }

  /** What is known of an id, however it is known. */
  get(id: string): Revocation | undefined {
    return this.#table.get(id)
  }

  /** Forgets the dead, a part of them each time. */
  sweep(): void {
    this.#table.sweep()
  }

  /** From here on it is told apart what the log says. */
  beginReading(): void {
    this.#isWhole = true
    this.#table.beginGeneration()
  }

  /** What the log has not said since. */
  unread(): Generator<Revocation> {
    return this.#table.unheard()
  }

  /** All that is known and still matters. */
  all(): Generator<Revocation> {
    return this.#table.all()
  }

  /** How many of those refuse something. Walks through all of them. */
  count(): number {
    return this.#table.count()
  }
}
