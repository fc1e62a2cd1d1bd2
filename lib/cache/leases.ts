import { randomBytes } from 'node:crypto'
import type { Stored } from '../client/client-state'
import { Changes } from './changes'
import type { ClaimOptions, EntryReader, Since } from './entry-reader'
import type { EntryStore } from './entry-store'
import type { HeldLease } from './held-lease'
import { LEASE_MS, LONG_LEASE_MS } from './held-lease'

/** How often the leader of a key may end without a result before a follower makes the value by itself. */
const MOST_LEADERS = 2
/** How often it is looked which leases need a sign of life: each has had it long before others stop waiting. */
const RENEWAL_MS = LEASE_MS / 5
/** After how long a load counts as a long one. */
const LONG_LOAD_MS = 1000
/** How long somebody waits who can't tell one leader from the next. */
const MOST_UNTOLD_MS = 5000

/** What came of asking for the lease of a key. */
export interface Claim<Found> {
  /** What is there: fresh, or good enough to stand in. With a lease, what is to be replaced. */
  readonly found: Found | undefined
  /** When a value that is made from here on begins to be made. */
  readonly since: Since
  /** The lease, where it is ours; without one, what is made is not stored. */
  readonly lease: HeldLease | undefined
}

/** What a key is claimed for. */
export interface LeaseOptions<Found> extends ClaimOptions<Found> {
  /** Whether what was read will do while somebody else makes it anew. */
  readonly mayStandIn: (found: Found) => boolean
  /** How long it waits for others, by `performance.now()`. @default as long as there is one who makes it */
  readonly patientUntil?: number
}

/**
 * Which store serves: memory, where the leader is in this process, a store that tells of changes, or one that doesn't.
 */
export type Serving = 'memory' | 'told' | 'untold'

interface Holding {
  readonly onLost: () => void
  readonly begun: number
  /** When the next sign of life is due. */
  due: number
}

/**
 * Who makes the value of a key, of all processes on the same Redis: the one that has its lease. The others wait
 * until it has stored the value, gives up, or dies. Whatever else is done to the key ends the lease, and with it
 * the leader's right to store what it has made from older data.
 */
export class Leases {
  readonly #reader: EntryReader
  readonly #entries: EntryStore
  readonly #serving: () => Serving
  readonly #changes = new Changes()
  /** What its tokens begin with: nobody else's do, and who can read one in Redis can write there too. */
  readonly #instance = randomBytes(12).toString('base64url')
  #tokens = 0
  readonly #held = new Map<HeldLease, Holding>()
  /** Those that are still under our token in a store that was lost meanwhile, or may be. */
  readonly #left: HeldLease[] = []
  #timer: NodeJS.Timeout | undefined

  /** Takes which store serves now. */
  constructor(reader: EntryReader, entries: EntryStore, serving: () => Serving) {
    this.#reader = reader
    this.#entries = entries
    this.#serving = serving
  }

  /** What is under a key; else its lease, or what its leader makes: waited for as long as there is one. */
  async claim<Found>(key: string, options: LeaseOptions<Found>): Promise<Claim<Found>> {
    let leaders = 0
    let isTold = false
    const { patientUntil = Infinity } = options
    const patient = performance.now() + MOST_UNTOLD_MS
    for (;;) {
      const asked: HeldLease[] = []
      const newToken = (): string => {
        const token = `${this.#instance}.${String((this.#tokens += 1))}`
        asked.push({ key, token, era: this.#entries.era })
        return token
      }
      // Before it is asked for: what is told may come in one with the answer.
      const before = this.#changes.now
      const { found, since, waitMs } = await this.#reader.claim(key, options, newToken)
      const lease = asked.pop()
      // Another store has answered: the one that was asked first may have given it all the same.
      for (const unanswered of asked) this.#leave(unanswered)
      if (waitMs === 0) return { found, since, lease }
      if (waitMs === undefined || (found !== undefined && options.mayStandIn(found)))
        return { found, since, lease: undefined }
      if (isTold || leaders === 0) leaders += 1
      const serving = this.#serving()
      const leftMs = patientUntil - performance.now()
      const isEnough =
        leaders > MOST_LEADERS || leftMs <= 0 || (serving === 'untold' && performance.now() > patient)
      if (isEnough) return { found: undefined, since, lease: undefined }
      const ms = Math.max(SHORTEST_WAIT_MS, serving === 'told' ? waitMs : Math.min(waitMs, UNTOLD_MS))
      isTold = await this.#changes.within(Math.min(ms, leftMs), key, before)
    }
  }

  /** Keeps a lease alive until it is dropped; tells when it is lost. */
  hold(lease: HeldLease, onLost: () => void): void {
    const now = performance.now()
    this.#held.set(lease, { onLost, begun: now, due: now + RENEWAL_MS })
    this.#timer ??= setInterval(() => void this.#renew(), RENEWAL_MS).unref()
  }

  /** Stores what was made under a lease, which is over then. */
  async use(lease: HeldLease, store: () => Promise<Stored>): Promise<void> {
    this.#drop(lease)
    const stored = await store()
    if (stored === 'none') this.giveBack(lease)
    else if (lease.era !== this.#entries.era) this.#leave(lease)
    // Memory tells nobody by itself.
    this.#changes.tell(lease.key)
  }

  /** Gives a lease back that is of no use. */
  giveBack(lease: HeldLease): void {
    this.#drop(lease)
    if (lease.era === this.#entries.era) this.#entries.release(lease)
    else this.#leave(lease)
    this.#changes.tell(lease.key)
  }

  /** Gives back all that are held: what is made from here on is stored nowhere. */
  end(): void {
    for (const lease of [...this.#held.keys()]) this.giveBack(lease)
  }

  /** Gives back all that was left in Redis when it was lost, for nobody else to wait until it ends by itself. */
  giveBackLeft(): void {
    for (const lease of this.#left.splice(0)) this.#entries.release(lease)
    for (const lease of [...this.#held.keys()]) {
      if (lease.era === this.#entries.era) continue
      this.#drop(lease)
      this.#entries.release(lease)
    }
  }

  /** Tells those who wait that a key has changed; all of them where it isn't known which. */
  changed(key?: string): void {
    if (key === undefined) this.#changes.tellAll()
    else this.#changes.tell(key)
  }

  /** However long ago: a frozen server carries out on its return what it was asked before. */
  #leave(lease: HeldLease): void {
    if (this.#left.length < MOST_LEFT) this.#left.push(lease)
  }

  #drop(lease: HeldLease): void {
    this.#held.delete(lease)
    if (this.#held.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #renew(): Promise<void> {
    const now = performance.now()
    const [young, old]: [HeldLease[], HeldLease[]] = [[], []]
    for (const [lease, holding] of this.#held) {
      if (holding.due > now) continue
      const isOld = now - holding.begun > LONG_LOAD_MS
      holding.due = now + (isOld ? LONG_LEASE_MS / 5 : RENEWAL_MS)
      if (isOld) old.push(lease)
      else young.push(lease)
    }
    await Promise.all([this.#keep(young, LEASE_MS), this.#keep(old, LONG_LEASE_MS)])
  }

  async #keep(leases: readonly HeldLease[], ttlMs: number): Promise<void> {
    if (leases.length === 0) return
    for (const lost of await this.#entries.keepLeases(leases, ttlMs)) {
      const holding = this.#held.get(lost)
      this.#drop(lost)
      holding?.onLost()
    }
  }
}

/** How many are given back; others end by themselves. */
const MOST_LEFT = 1000

/** Nobody asks more often, whatever a store answers. */
const SHORTEST_WAIT_MS = 10
/** How soon a follower looks again that a store can't tell of changes. */
const UNTOLD_MS = 50
