import { randomBytes } from 'node:crypto'
import { CommandRefusedError } from '../errors'
import type { Invalidation, Send, SingleInvalidation } from './invalidation'
import { singly } from './invalidation'

/** What an anchor says of the store since the last one. */
export interface Verdict {
  /** Whether the store is known to have forgotten what it had acknowledged. */
  readonly isLost: boolean
  /**
   * The time, as `performance.now()` has it, since when it may lack what it acknowledged: `Infinity` where it
   * lacks nothing, `-Infinity` where that can be anything.
   */
  readonly lacksSince: number
  /** What it may lack, to be brought again; `'everything'` where that is more than is remembered. */
  readonly missing: readonly (readonly [name: string, single: SingleInvalidation])[] | 'everything'
}

interface Remembered {
  readonly single: SingleInvalidation
  /** The latest anchor that had been sent when the change was acknowledged. */
  readonly anchor: number
}

const NOTHING_MISSING: Verdict = { isLost: false, lacksSince: Infinity, missing: [] }
const ANCHOR_TTL_MS = 24 * 60 * 60 * 1000

/**
 * Finds out whether a store still has all that it acknowledged: a failover to a replica that lacked the last
 * writes, a restart from an older data set or a flush take back invalidations, and no error tells.
 *
 * An anchor, a key of this instance alone, is written over and over with the next number. The number that the
 * store has says how far its history reaches; the invalidations acknowledged after that anchor are remembered,
 * within a bound, and are brought again. There are two places for it, used in turn: the last anchor that was
 * acknowledged is never written over by one whose acknowledgement may get lost, or the evidence would be gone.
 */
export class HistoryProof {
  readonly #places: [last: string, other: string]
  readonly #instance = randomBytes(9).toString('base64url')
  readonly #bound: number
  /** The change made longest ago comes first. */
  readonly #changes = new Map<string, Remembered>()
  /** The last anchor sent, the last acknowledged, and the last whose changes are no longer all remembered. */
  #sent = 0
  #proven = 0
  #forgotten = -1
  #wasRefused = false
  #provenAt = -Infinity
  #last: Promise<void> = Promise.resolve()

  /** Takes what the anchor's key begins with, and how many changes are remembered. */
  constructor(prefix: string, bound: number) {
    this.#places = [`${prefix}${this.#instance}:0`, `${prefix}${this.#instance}:1`]
    this.#bound = bound
  }

  /** Remembers what the store has acknowledged. */
  note(invalidation: Invalidation): void {
    for (const [name, single] of singly(invalidation)) {
      this.#changes.delete(name)
      this.#changes.set(name, { single, anchor: this.#sent })
      if (this.#changes.size > this.#bound) this.#forgetOldest()
    }
  }

  /**
   * Writes the next anchor over the one that the store has, and says what that one proves.
   *
   * @param isSameConnection - whether all since the last anchor went over this connection: it lacks nothing then.
   */
  prove(send: Send, isSameConnection: boolean): Promise<Verdict> {
    // One after the other: each judges by what the one before has found.
    const verdict = this.#last.then(() => this.#prove(send, isSameConnection))
    this.#last = verdict.then(nothing, nothing)
    return verdict
  }

  async #prove(send: Send, isSameConnection: boolean): Promise<Verdict> {
    const sentAt = performance.now()
    const next = ++this.#sent
    const found = await this.#exchange(send, next)
    const before = this.#proven
    // Between two anchors with a refused one between them lies a time of which nothing is known.
    const isUnbroken = isSameConnection && !this.#wasRefused
    this.#wasRefused = found === undefined
    if (found === undefined) {
      if (isSameConnection) return NOTHING_MISSING
      return { isLost: false, lacksSince: -Infinity, missing: this.#since(0) }
    }
    const lacksSince = before > 0 && found === before ? this.#provenAt : -Infinity
    this.#proven = next
    this.#provenAt = sentAt
    this.#places.reverse()
    if (isUnbroken && found === before) return NOTHING_MISSING
    return { isLost: found < before, lacksSince, missing: this.#since(found) }
  }

  /** Takes the anchors away: nobody is going to ask for them. */
  async end(send: Send): Promise<void> {
    if (this.#proven > 0) await send((client) => client.delete(this.#places))
  }

  /** Writes the next anchor and reads the last: its number, 0 where it isn't there, `undefined` where it is refused. */
  async #exchange(send: Send, next: number): Promise<number | undefined> {
    const [last, other] = this.#places
    const anchor = Buffer.from(`${this.#instance}.${String(next)}`)
    try {
      const [, [found]] = await send((client) =>
        Promise.all([client.set(other, anchor, ANCHOR_TTL_MS), client.getMany([last])]),
      )
      const [instance, number] = found?.toString('latin1').split('.') ?? []
      return instance === this.#instance ? Number(number) : 0
    } catch (error) {
      // Without the permission there is no proof: then all that is remembered is brought again each time.
      if (error instanceof CommandRefusedError) return undefined
      throw error
    }
  }

  #forgetOldest(): void {
    for (const [name, { anchor }] of this.#changes) {
      this.#forgotten = Math.max(this.#forgotten, anchor)
      this.#changes.delete(name)
      return
    }
  }

  #since(anchor: number): Verdict['missing'] {
    if (this.#forgotten >= anchor) return 'everything'
    return [...this.#changes]
      .filter(([, remembered]) => remembered.anchor >= anchor)
      .map(([name, { single }]) => [name, single] as const)
  }
}

function nothing(): void {
  // The one who asked is told.
}
