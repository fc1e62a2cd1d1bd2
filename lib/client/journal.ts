import type { CacheClient } from './cache-client'

/** Stamps to be written, as {@link CacheClient.stamp} takes them. */
export interface Stamping {
  readonly counter: string
  readonly stamps: readonly string[]
  readonly ttlMs: number
}

type Change = 'delete' | Stamping
type Send = (command: (client: CacheClient) => Promise<void>) => Promise<void>

const BATCH = 500

/**
 * What changed while the store was away, to be brought to it on return: keys to delete and stamps to write,
 * never values. Past its bound it forgets the single changes and keeps one for all: everything is invalid.
 */
export class Journal {
  readonly #bound: number
  readonly #everything: Stamping
  readonly #changes = new Map<string, Change>()

  constructor(bound: number, everything: Stamping) {
    this.#bound = bound
    this.#everything = everything
  }

  /** How many changes wait to be brought over. */
  get size(): number {
    return this.#changes.size
  }

  /** Notes keys whose value in the store is no longer right. */
  noteDelete(keys: readonly string[]): void {
    for (const key of keys) this.#note(key, 'delete')
  }

  /** Notes stamps that the store has not got. */
  noteStamping(stamping: Stamping): void {
    for (const stamp of stamping.stamps) this.#note(stamp, { ...stamping, stamps: [stamp] })
  }

  /**
   * Brings everything to the store, also what is noted meanwhile, and forgets what has arrived. Rejects as
   * the store does; what had not arrived by then is kept.
   *
   * @returns how many changes were brought over.
   */
  async replay(send: Send): Promise<number> {
    let count = 0
    while (this.size > 0) {
      const batch = [...this.#changes].slice(0, BATCH)
      // Off the list before it is sent: what is noted again meanwhile has to be sent again.
      for (const [name] of batch) this.#changes.delete(name)
      try {
        await sendBatch(batch, send)
      } catch (error) {
        for (const [name, change] of batch) this.#note(name, change)
        throw error
      }
      count += batch.length
    }
    return count
  }

  #note(name: string, change: Change): void {
    if (this.#changes.has(this.#everything.counter)) return
    this.#changes.set(name, change)
    if (this.size <= this.#bound) return
    this.#changes.clear()
    this.#changes.set(this.#everything.counter, this.#everything)
  }
}

async function sendBatch(batch: readonly (readonly [string, Change])[], send: Send): Promise<void> {
  const deletes: string[] = []
  const stampings = new Map<string, { stamps: string[]; ttlMs: number }>()
  for (const [name, change] of batch) {
    if (change === 'delete') {
      deletes.push(name)
      continue
    }
    const group = stampings.get(change.counter) ?? { stamps: [], ttlMs: change.ttlMs }
    group.stamps.push(...change.stamps)
    group.ttlMs = Math.max(group.ttlMs, change.ttlMs)
    stampings.set(change.counter, group)
  }
  if (deletes.length > 0) await send((client) => client.delete(deletes))
  for (const [counter, { stamps, ttlMs }] of stampings)
    await send((client) => client.stamp(counter, stamps, ttlMs))
}
