import { setTimeout as sleep } from 'node:timers/promises'
import type { CallLog } from './call-log'
import type { Contender } from './contenders/contender'
import type { ChangeReport } from './protocol'

/** How many keys of each kind are changed; each instance changes half of them. */
export const CHANGES = 20

const OLD = 1
const NEW = 2
// Longer than any trial: nothing is right again merely because it ran out.
const TTL_MS = 120_000
const WATCH_INTERVAL_MS = 50
const CHECK_TIMEOUT_MS = 1500
// What the other instance changed may still be on its way for so long after the outage.
const ARRIVAL_MS = 1000

interface Change {
  readonly isOwn: boolean
  settledAt?: number
}

/** Keys that live long and are changed in an outage: what they read like afterwards shows what got lost. */
export class ChangedKeys {
  readonly #cache: Contender
  readonly #log: CallLog
  readonly #changes = new Map<string, Change>()
  readonly #lost = { own: new Set<string>(), others: new Set<string>() }
  #staleReads = 0
  #next = 0
  #watching: NodeJS.Timeout | undefined

  constructor(cache: Contender, log: CallLog) {
    this.#cache = cache
    this.#log = log
  }

  async seed(): Promise<void> {
    await Promise.all(keys().map((key) => this.#cache.set(key, { version: OLD }, TTL_MS)))
  }

  /** Reads one key after the other, now and then. */
  watch(): void {
    this.#watching = setInterval(() => {
      const all = keys()
      void this.#read(all[this.#next++ % all.length] ?? '')
    }, WATCH_INTERVAL_MS)
  }

  stopWatching(): void {
    clearInterval(this.#watching)
  }

  /** Reads all of them, as far as the cache answers. Resolves with how many have their first value. */
  async check(): Promise<number> {
    let old = 0
    const reads = keys().map(async (key) => {
      if (await this.#read(key)) old += 1
    })
    await Promise.race([Promise.all(reads), sleep(CHECK_TIMEOUT_MS)])
    return old
  }

  change(index: number): void {
    const value = { version: NEW }
    this.#do(deletedKey(index), (key) => this.#cache.delete(key))
    this.#do(replacedKey(index), (key) => this.#cache.set(key, value, TTL_MS))
  }

  /** The other instance has changed these. */
  expect(index: number): void {
    for (const key of [deletedKey(index), replacedKey(index)]) this.#changes.set(key, { isOwn: false })
  }

  report(): ChangeReport {
    const own = [...this.#changes].filter(([key, { isOwn }]) => isOwn && isDeleted(key))
    return {
      deleted: own.length,
      ownLost: this.#lost.own.size,
      othersLost: this.#lost.others.size,
      staleReads: this.#staleReads,
    }
  }

  #do(key: string, work: (key: string) => Promise<unknown>): void {
    const change: Change = { isOwn: true }
    this.#changes.set(key, change)
    void this.#log
      .track(() => work(key))
      .then(() => {
        change.settledAt = performance.now()
      })
  }

  /** Whether it has its first value. */
  async #read(key: string): Promise<boolean> {
    const askedAt = performance.now()
    const value = await this.#log.track(() => this.#cache.get(key))
    const change = this.#changes.get(key)
    const isFirst = isOld(value)
    if (change !== undefined && isFirst && askedAt >= this.#knownAt(change)) this.#noteStale(key, change)
    return isFirst
  }

  #noteStale(key: string, { isOwn }: Change): void {
    this.#staleReads += 1
    if (isDeleted(key)) this.#lost[isOwn ? 'own' : 'others'].add(key)
  }

  /** From when on nobody may be given the old value: on the instance that made the change, once its call is over. */
  #knownAt({ settledAt }: Change): number {
    const overAt = this.#log.begin('over') ?? Infinity
    return Math.min(settledAt ?? Infinity, overAt + ARRIVAL_MS)
  }
}

function keys(): string[] {
  return Array.from({ length: CHANGES }, (_, index) => [deletedKey(index), replacedKey(index)]).flat()
}

function deletedKey(index: number): string {
  return `deleted:${String(index)}`
}

function replacedKey(index: number): string {
  return `replaced:${String(index)}`
}

function isDeleted(key: string): boolean {
  return key.startsWith('deleted:')
}

function isOld(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'version' in value && value.version === OLD
}
