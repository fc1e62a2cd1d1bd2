import type { Clock } from '../clock'
import { coarseNow } from '../coarse-clock'
import { CHANGES, isRestored, isSparing, refusing, sparing, timeOf, unpackRevocation } from './revocation'
import type { PackedRevocation, Revocation } from './revocation'
import { RevocationTable } from './revocation-table'

/** A change of this process's own that has not been read back from Redis. */
interface OwnChange {
  revocation: Revocation
  /** Whether Redis has acknowledged it. */
  isAcknowledged: boolean
  /** When it was last sent, by `performance.now()`. */
  sentAt: number
  /** Whether it was made apart from Redis: what others have written there meanwhile was not known. */
  readonly isApart: boolean
}

/** What Redis had under a key, and the log has yet to say. */
interface LearntByKey {
  readonly revocation: Revocation
  /** By `performance.now()`. */
  readonly at: number
}

const NONE: readonly Revocation[] = []

/**
 * The revocations that this process knows of: those of all instances as far as it has heard, and its own. It never
 * forgets one within its lifetime, whatever becomes of Redis.
 *
 * An own change stays noted until it has been read back: an acknowledgement says that Redis had it once, what is read
 * in the log behind the last known entry is part of a history that is proven as a whole.
 */
export class RevocationCopy {
  readonly #table: RevocationTable
  /** In Unix seconds. */
  readonly #now: () => number
  readonly #own = new Map<string, OwnChange>()
  readonly #learnt = new Map<string, LearntByKey>()
  /** When the last of those is over for which there was no room, in Unix seconds. */
  #lacksUntil = -Infinity
  #isLogged = true
  #change = 0

  constructor(capacity: number, clock: Clock) {
    // One that ends in this very turn of the event loop may hold until it is over.
    const now = coarseNow(clock)
    this.#now = () => now() / 1000
    this.#table = new RevocationTable(capacity, this.#now)
  }

  /** Whether there was room for all that was to be learnt and still matters. */
  get isWhole(): boolean {
    return this.#lacksUntil <= this.#now()
  }

  /** Whether there was no room for all, and there is now. */
  get hasRoomAgain(): boolean {
    return !this.isWhole && this.#table.hasRoom
  }

  /** Whether any subject may have been logged out everywhere. */
  get hasSubjects(): boolean {
    return this.#table.hasSubjects
  }

  /** How many bytes the revocations take. */
  get bytes(): number {
    return this.#table.bytes
  }

  /** The value of an id; `undefined` where none is known, or it doesn't matter any more. */
  find(id: string): number | undefined {
    return this.#table.find(id)
  }

  /**
   * Notes a change of this process's own.
   *
   * @param isApart - whether it is made while Redis can't be asked.
   * @returns what is known now; `undefined` where there is no room for it.
   */
  note(revocation: Revocation, isApart = false): Revocation | undefined {
    const known = this.#table.merge(revocation)
    if (known === undefined) {
      this.#lack(revocation)
      return undefined
    }
    this.#change = (this.#change % (CHANGES - 1)) + 1
    const own = { ...known, change: this.#change }
    this.#own.set(own.id, { revocation: own, isAcknowledged: false, sentAt: -Infinity, isApart })
    return own
  }

  /** Learns what Redis has under the key of an id. @returns the value that holds now. */
  learn(said: Revocation): number {
    const own = this.#own.get(said.id)
    // Only the log can say which of the two came first.
    if (own !== undefined && !isRestored(own.revocation.value) && isContradicted(own, said))
      return own.revocation.value
    const before = this.#table.find(said.id)
    const known = this.#table.merge(said)
    if (known === undefined) this.#lack(said)
    else if (this.#isLogged && known.value !== before)
      this.#learnt.set(said.id, { revocation: known, at: performance.now() })
    return (known ?? said).value
  }

  /**
   * Learns what the log says, as it has it.
   *
   * @param writer - by which number the log knows this process.
   * @param now - the time in Unix seconds.
   * @returns what the others are to be told at once, since none of them can know it.
   */
  readPacked(packed: PackedRevocation, writer: number, now: number): readonly Revocation[] {
    // Most of a log is by others, and new.
    if (this.#own.size === 0 && this.#learnt.size === 0 && this.#table.take(packed, now)) return NONE
    const said = unpackRevocation(packed)
    return this.read(said, said.writer === writer ? said.change : undefined)
  }

  /**
   * Learns what the log says. What it says of an own change settles it, or contradicts it.
   *
   * @param ownChange - which of this process's own changes it is, if one of them.
   * @returns what the others are to be told at once, since none of them can know it.
   */
  read(said: Revocation, ownChange: number | undefined): readonly Revocation[] {
    if ((this.#learnt.get(said.id)?.revocation.value ?? Infinity) <= said.value) this.#learnt.delete(said.id)
    const before = this.#table.find(said.id)
    const known = this.#table.merge(said)
    if (known === undefined) this.#lack(said)
    const own = this.#own.size === 0 ? undefined : this.#own.get(said.id)
    if (own !== undefined && ownChange === undefined && isContradicted(own, said))
      return this.#refuseBoth(own.revocation, said)
    if (known !== undefined && known.value !== before && known.value !== said.value)
      return this.#noteAll([known])
    // What another says as well may be taken back, in the log, before this process says it.
    if (ownChange !== undefined && own?.revocation.change === ownChange) this.#own.delete(said.id)
    return NONE
  }

  /** Redis has acknowledged these, which were sent at this time. */
  acknowledge(sent: readonly Revocation[], sentAt: number): void {
    for (const { id, change } of sent) {
      const own = this.#own.get(id)
      if (own === undefined || own.revocation.change !== change) continue
      own.isAcknowledged = true
      own.sentAt = sentAt
    }
  }

  /** Redis has acknowledged these, and there is no log in which they could be read back. */
  settle(sent: readonly Revocation[]): void {
    this.acknowledge(sent, 0)
    for (const { id } of sent) if (this.#own.get(id)?.isAcknowledged === true) this.#own.delete(id)
  }

  /**
   * What Redis is to be told: own changes that it has not acknowledged; and those sent before this time, as well as
   * what was learnt from under a key before it, that the log has not said since: Redis may have lost it with the key.
   */
  unsettled(sentBefore = -Infinity): Revocation[] {
    const own = [...this.#own.values()].filter(
      ({ isAcknowledged, sentAt }) => !isAcknowledged || sentAt < sentBefore,
    )
    const learnt = [...this.#learnt.values()].filter(({ at }) => at < sentBefore)
    return [...own, ...learnt].map(({ revocation }) => revocation)
  }

  /** How many of them Redis has not acknowledged. */
  countUnacknowledged(): number {
    return this.unsettled().length
  }

  /** What is known of an id, however it is known. */
  get(id: string): Revocation | undefined {
    return this.#table.get(id)
  }

  /** Forgets the dead, a part of them each time, and that they were ever to be sent. */
  sweep(): void {
    this.#table.sweep()
    const now = this.#now()
    for (const [id, { revocation }] of this.#own) if (revocation.until <= now) this.#own.delete(id)
    for (const id of this.#learnt.keys()) if (this.#table.find(id) === undefined) this.#learnt.delete(id)
  }

  /** There is no log that could say anything: nothing is to be expected of it. */
  expectNoLog(): void {
    this.#isLogged = false
    this.#learnt.clear()
  }

  /** From here on it is told apart what the log says. */
  beginReading(): void {
    this.#lacksUntil = -Infinity
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

  /** What this process said and what another did, neither of them knowing of the other: err towards revoked. */
  #refuseBoth(own: Revocation, said: Revocation): Revocation[] {
    const time = Math.max(...[own, said].map(({ value }) => (isRestored(value) ? 0 : timeOf(value))))
    const over = Math.max(own.value, said.value)
    const value = isSparing(own.value) ? sparing(time, over) : refusing(time, over)
    const spared = [...this.#own.values()]
      .map(({ revocation }) => revocation)
      .filter((each) => each.kind === 'exemption' && each.value === own.value)
    return this.#noteAll([...spared, own].map((each) => ({ ...each, value })))
  }

  #lack({ until }: Revocation): void {
    this.#lacksUntil = Math.max(this.#lacksUntil, until)
  }

  #noteAll(revocations: readonly Revocation[]): Revocation[] {
    return revocations.map((each) => this.note(each) ?? each)
  }
}

/**
 * Whether another process has let somebody in whom this one refuses, or the other way round, before it heard of that.
 * Of two cut-offs that spare somebody the later one holds.
 */
function isContradicted(
  { revocation: own, isApart }: OwnChange,
  { kind, value, change }: Revocation,
): boolean {
  if (kind === 'exemption') return false
  // What is only written back was said before.
  if (isRestored(own.value)) return isApart && !isRestored(value) && Boolean(change)
  if (value <= own.value) return false
  const isLater = isSparing(own.value) && timeOf(value) > timeOf(own.value)
  return isRestored(value) || (isSparing(value) && !isLater)
}
