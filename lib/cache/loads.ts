import type { Counters } from '../observe/stats'
import type { Cooldowns } from './cooldowns'
import type { LoadPlan } from './entry-options'
import { knownTags } from './entry-options'
import type { EntryReader, Opened, Since } from './entry-reader'
import type { EntryStore } from './entry-store'
import type { EntryTerms } from './entry-terms'
import { isRefused, termsFor } from './entry-terms'
import type { Flight, FlightControl, Flights } from './flights'
import type { HeldLease } from './held-lease'
import type { Leases } from './leases'
import type { LoadContext } from './load-context'
import { Load } from './load-context'
import type { NearTier } from './near-tier'
import type { Outcome } from './outcome'
import type { RefreshAhead } from './refresh-ahead'
import type { Refusals } from './refusals'
import type { Payload } from './payload'
import type { Decoded, ValueCodec } from './value-codec'
import { waitFor } from './waiting'

/** That a loader of many keys has no value for one of them. */
export class AbsentError extends Error {}

/** What makes a value. */
export type Loader = (context: LoadContext) => unknown

interface Parts {
  readonly reader: EntryReader
  readonly entries: EntryStore
  readonly near: NearTier
  readonly leases: Leases
  readonly flights: Flights<Outcome>
  readonly codec: ValueCodec
  readonly counters: Counters
  readonly refusals: Refusals
  readonly cooldowns: Cooldowns
  readonly refreshAhead: RefreshAhead
  readonly jitter: number
  /** Monotonic, in milliseconds. */
  readonly now: () => number
  /** Told of a load that has failed behind a value that stands in. */
  readonly onRefreshFailed: (key: string, error: unknown) => void
}

/** Looks up values, and has made what isn't there: once, however many ask, in all processes together. */
export class Loads {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * The value of a key, or what the loader makes. Joins whoever is at it.
   *
   * @param isDue - whether the value is to be made anew, though it is still good.
   */
  value(key: string, loader: Loader, plan: LoadPlan, isDue = false): Promise<unknown> {
    const { loaderTimeoutMs, signal } = plan
    return loaderTimeoutMs === undefined && signal === undefined
      ? this.#value(key, loader, plan, { isDue })
      : this.#valueWithin(key, loader, plan, isDue)
  }

  async #valueWithin(key: string, loader: Loader, plan: LoadPlan, isDue: boolean): Promise<unknown> {
    const { loaderTimeoutMs, signal } = plan
    signal?.throwIfAborted()
    const call: Call = { isDue }
    const onAborted = (): void => {
      if (call.flight !== undefined) this.#parts.flights.leave(call.flight)
    }
    return waitFor(this.#value(key, loader, plan, call), { timeoutMs: loaderTimeoutMs, signal, onAborted })
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

  async #value(key: string, loader: Loader, plan: LoadPlan, call: Call): Promise<unknown> {
    const { flights, counters } = this.#parts
    let isHit = false
    try {
      for (;;) {
        const joined = flights.find(key)
        const flight = (call.flight = joined ?? this.#start(key, loader, plan, call.isDue))
        flight.waiting += 1
        const outcome = await (joined === undefined
          ? this.#answer(flight, plan.graceMs)
          : this.#answerOfAnother(flight, plan.graceMs))
        // It was enough for somebody with more grace: the next flight may be one's own.
        if (outcome === undefined || !this.#mayStandIn(outcome, plan.graceMs)) {
          plan.signal?.throwIfAborted()
          continue
        }
        ;({ isHit } = outcome)
        if (this.#isStale(outcome)) counters.stale += 1
        return (joined === undefined ? outcome : this.#copyOf(outcome)).value
      }
    } finally {
      counters.count(isHit)
    }
  }

  #start(key: string, loader: Loader, plan: LoadPlan, isDue: boolean): Flight<Outcome> {
    // How many parameters a loader names doesn't tell: `(...args)` and spies name none.
    const isOpen = typeof plan.tags === 'function' || plan.isMute !== true
    return this.#parts.flights.start(key, { tags: knownTags(plan), isLoad: true, isOpen }, (flight) =>
      this.#lookUp(key, loader, { plan, flight, isDue }),
    )
  }

  /** What a flight gives to one who takes so much grace, as soon as it can. */
  #answer(flight: Flight<Outcome>, graceMs: number): Promise<Outcome> {
    // Nothing else is ever given before the end.
    const mayBeEarly = graceMs > 0 || this.#parts.refreshAhead.isOn
    return mayBeEarly ? this.#earlyAnswer(flight, graceMs) : flight.outcome
  }

  async #earlyAnswer(flight: Flight<Outcome>, graceMs: number): Promise<Outcome> {
    const early = await flight.first
    return this.#mayStandIn(early, graceMs) ? early : flight.outcome
  }

  /** The same where the loader is another's: that it has none says nothing of one's own. */
  #answerOfAnother(flight: Flight<Outcome>, graceMs: number): Promise<Outcome | undefined> {
    return this.#answer(flight, graceMs).catch((error: unknown) => {
      if (error instanceof AbsentError) return undefined
      throw error
    })
  }

  #isStale({ freshUntil }: Outcome): boolean {
    return freshUntil !== undefined && freshUntil <= this.#parts.now()
  }

  #mayStandIn({ freshUntil }: Outcome, graceMs: number): boolean {
    return freshUntil === undefined || freshUntil + graceMs > this.#parts.now()
  }

  async #lookUp(key: string, loader: Loader, work: Work): Promise<Outcome> {
    const { leases, counters, cooldowns, reader } = this.#parts
    const { plan, flight } = work
    const tags = knownTags(plan)
    const { graceMs } = plan
    if (cooldowns.has(key)) {
      const found = this.#read(key, await reader.open(key, tags))
      if (found !== undefined && this.#mayStandIn(found, graceMs)) return found
    }
    const isFresh = this.#freshness(work)
    const { found, since, lease } = await leases.claim<Outcome>(key, {
      tags,
      read: (opened) => this.#read(key, opened),
      isFresh: (outcome) => {
        if (isFresh(outcome)) return true
        // Nobody who can do with it waits for what comes now.
        if (this.#mayStandIn(outcome, graceMs)) flight.offer(outcome)
        return false
      },
      mayStandIn: (outcome) => this.#mayStandIn(outcome, graceMs),
    })
    if (found !== undefined && lease === undefined) return found
    counters.loads += 1
    try {
      return await this.#load(key, loader, { plan, flight, since, lease, previous: found })
    } catch (error) {
      const isFailure = !(error instanceof AbsentError)
      if (isFailure && found !== undefined && this.#mayStandIn(found, graceMs))
        this.#refreshFailed(key, error)
      throw error
    }
  }

  /** Judges whether a value need not be made anew. Once it has been found to be due, only a newer one is fresh. */
  #freshness({ isDue }: Pick<Work, 'isDue'>): (outcome: Outcome) => boolean {
    const { refreshAhead, now } = this.#parts
    let dueUntil: number | undefined
    return ({ freshUntil, costMs = 0 }) => {
      if (freshUntil === undefined) return true
      const leftMs = freshUntil - now()
      if (leftMs <= 0) return false
      const isOnes = isDue ? leftMs < refreshAhead.windowMs(costMs) : refreshAhead.isDue(costMs, leftMs)
      if (dueUntil === undefined && isOnes) dueUntil = freshUntil
      return dueUntil === undefined || freshUntil - dueUntil > costMs
    }
  }

  async #load(key: string, loader: Loader, work: Loading): Promise<Outcome> {
    const { entries, leases, flights, codec, refreshAhead } = this.#parts
    const { plan, flight, lease, since, previous } = work
    const giveUp = (): void => {
      if (lease !== undefined) leases.giveBack(lease)
    }
    const context = new Load(() => previous && { value: this.#copyOf(previous).value })
    flight.onDismissed(giveUp)
    flight.onAbandoned(() => {
      context.abort()
      // Who comes next need not wait for a loader that doesn't listen.
      giveUp()
    })
    if (lease !== undefined) {
      leases.hold(lease, () => {
        if (flight.isUnderWay()) flights.seal(key)
      })
    }
    try {
      const begun = performance.now()
      const value = await loader(context)
      const costMs = refreshAhead.isOn ? Math.ceil(performance.now() - begun) : 0
      const payload = this.encode(key, value)
      const terms = payload && this.#terms(key, value, plan, context)
      // What is made without the lease, or after it was lost, is for those who waited for it alone.
      if (terms === undefined || lease === undefined || !flight.isUnderWay()) {
        // What is not to be stored has put an end to what was there all the same.
        if (terms !== undefined || !this.#dropPrevious(work)) giveUp()
      } else {
        const store = (ready: Payload): Promise<void> =>
          leases.use(lease, () => entries.write(key, ready, { ...terms, since, costMs, lease }))
        const packed = codec.pack(payload as Payload)
        // Kept alive until it is packed: that waits for a thread, and others wait for a sign of life.
        void (packed instanceof Promise ? packed.then(store, giveUp) : store(packed))
      }
      return { payload, ...this.#copyOf({ payload, value, isShared: false }), isHit: false }
    } catch (error) {
      if (!(error instanceof AbsentError) || !this.#dropPrevious(work)) giveUp()
      throw error
    }
  }

  /** Ends the lease with what it was to replace. @returns whether there is such a thing. */
  #dropPrevious({ previous, lease, flight }: Loading): boolean {
    if (previous === undefined || lease === undefined || !flight.isUnderWay()) return false
    const { entries, leases } = this.#parts
    void leases.use(lease, () => entries.drop(lease))
    return true
  }

  /** How a value is stored; `undefined` where it isn't to be. What the caller's functions throw is nobody's failure. */
  #terms(key: string, value: unknown, plan: LoadPlan, { isSkipped, said }: Load): EntryTerms | undefined {
    try {
      if (isSkipped || isRefused('getOrSet', plan, value)) return undefined
      return termsFor('getOrSet', plan, value, { jitter: this.#parts.jitter, said })
    } catch (error) {
      this.#parts.refusals.note(key, error)
      return undefined
    }
  }

  #read(key: string, opened: Opened): Outcome | undefined {
    const found = opened.entry && this.#parts.codec.decode(opened.entry)
    if (found === undefined) return undefined
    this.#parts.near.keep(key, opened, found)
    const { freshUntil, entry } = opened
    return { payload: entry, ...found, isHit: true, freshUntil, costMs: entry?.costMs }
  }

  /** Whoever made the value gets a copy as well, so that the first caller gets what all the others get. */
  #copyOf({ payload, value, isShared }: Pick<Outcome, 'payload' | 'value' | 'isShared'>): Decoded {
    const copy = isShared || payload === undefined ? undefined : this.#parts.codec.decode(payload)
    return copy ?? { value, isShared }
  }

  #refreshFailed(key: string, error: unknown): void {
    const { cooldowns, onRefreshFailed } = this.#parts
    cooldowns.begin(key)
    onRefreshFailed(key, error)
  }
}

/** One who waits. */
interface Call {
  readonly isDue: boolean
  flight?: Flight<Outcome>
}

interface Work {
  readonly plan: LoadPlan
  readonly flight: FlightControl<Outcome>
  readonly isDue: boolean
}

interface Loading extends Pick<Work, 'plan' | 'flight'> {
  readonly since: Since
  readonly lease: HeldLease | undefined
  readonly previous: Outcome | undefined
}
