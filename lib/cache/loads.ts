import type { Counters } from '../observe/stats'
import type { Opened, Since } from './entry-reader'
import type { EntryStore } from './entry-store'
import type { Flight, FlightPlan, Flights } from './flights'
import type { HeldLease } from './held-lease'
import type { Leases } from './leases'
import type { NearTier } from './near-tier'
import type { Refusals } from './refusals'
import type { Decoded, Payload, ValueCodec } from './value-codec'
import type { Stored } from '../client/client-state'

/** What a flight ends with. */
export interface Outcome {
  /** The value as it is written, of which everybody reads a copy; none where it can't be written. */
  readonly payload: Payload | undefined
  /** The first copy, or the value itself where there are no copies. */
  readonly value: unknown
  /** Whether that does for all. */
  readonly isShared: boolean
  /** Whether no loader had to run. */
  readonly isHit: boolean
  /** Where a value that was set stands. */
  readonly stored?: Stored
}

interface Parts {
  readonly entries: EntryStore
  readonly near: NearTier
  readonly leases: Leases
  readonly flights: Flights<Outcome>
  readonly codec: ValueCodec
  readonly counters: Counters
  readonly refusals: Refusals
}

/** Looks up values, and has made what isn't there: once, however many ask, in all processes together. */
export class Loads {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** The value of a key, or what the loader makes. Joins whoever is at it. */
  async value(
    key: string,
    loader: () => unknown,
    plan: { ttlMs: number; tags: readonly string[] },
  ): Promise<unknown> {
    const { flights } = this.#parts
    const joined = flights.find(key)
    if (joined !== undefined) return this.#join(joined)
    const flight = flights.start(key, { tags: plan.tags, isLoad: true }, (control) =>
      this.#lookUp(key, loader, { ...plan, ...control }),
    )
    return (await flight.outcome).value
  }

  /** Writes a value; notes it where that can't be done. */
  encode(key: string, value: unknown): Payload | undefined {
    try {
      return this.#parts.codec.encode(value)
    } catch (error) {
      this.#parts.refusals.note(key, error)
      return undefined
    }
  }

  async #join({ outcome }: Flight<Outcome>): Promise<unknown> {
    let isHit = false
    try {
      const ended = await outcome
      ;({ isHit } = ended)
      return this.#copyOf(ended).value
    } finally {
      this.#parts.counters.count(isHit)
    }
  }

  async #lookUp(key: string, loader: () => unknown, plan: FlightPlan): Promise<Outcome> {
    const { leases, counters } = this.#parts
    const { found, since, lease } = await leases.claim(key, {
      tags: plan.tags,
      read: (opened) => this.#read(key, opened),
    })
    counters.count(found !== undefined)
    if (found !== undefined) return found
    counters.loads += 1
    return this.#load(key, loader, { ...plan, since, lease })
  }

  async #load(
    key: string,
    loader: () => unknown,
    {
      lease,
      since,
      ttlMs,
      tags,
      isUnderWay,
      onDismissed,
    }: FlightPlan & { since: Since; lease: HeldLease | undefined },
  ): Promise<Outcome> {
    const { entries, leases, flights } = this.#parts
    const giveUp = (): void => {
      if (lease !== undefined) leases.giveBack(lease)
    }
    onDismissed(giveUp)
    if (lease !== undefined) {
      leases.hold(lease, () => {
        if (isUnderWay()) flights.seal(key)
      })
    }
    try {
      const value = await loader()
      const payload = this.encode(key, value)
      // What is made without the lease, or after it was lost, is for those who waited for it alone.
      if (payload === undefined || lease === undefined || !isUnderWay()) giveUp()
      else void leases.use(lease, () => entries.write(key, payload, { since, ttlMs, tags, lease }))
      return { payload, ...this.#copyOf({ payload, value, isShared: false }), isHit: false }
    } catch (error) {
      giveUp()
      throw error
    }
  }

  #read(key: string, opened: Opened): Outcome | undefined {
    const found = opened.entry && this.#parts.codec.decode(opened.entry)
    if (found === undefined) return undefined
    this.#parts.near.keep(key, opened, found)
    return { payload: opened.entry, ...found, isHit: true }
  }

  /** Whoever made the value gets a copy as well, so that the first caller gets what all the others get. */
  #copyOf({ payload, value, isShared }: Pick<Outcome, 'payload' | 'value' | 'isShared'>): Decoded {
    const copy = isShared || payload === undefined ? undefined : this.#parts.codec.decode(payload)
    return copy ?? { value, isShared }
  }
}
