import type { Invalidation, SingleInvalidation, Stamping } from './invalidation'
import { singly } from './invalidation'

const BATCH = 500

/**
 * What changed while the store was away, to be brought to it on return: keys to delete and stamps to write,
 * never values. Past its bound it forgets the single changes and keeps one for all: everything is invalid.
 */
export class Journal {
  readonly #bound: number
  readonly #everything: Stamping
  readonly #changes = new Map<string, SingleInvalidation>()

  constructor(bound: number, everything: Stamping) {
    this.#bound = bound
    this.#everything = everything
  }

  /** How many changes wait to be brought over. */
  get size(): number {
    return this.#changes.size
  }

  /** Whether one change stands for all that there were, and for all that follow. */
  get isForEverything(): boolean {
    return this.#changes.has(this.#everything.counter)
  }

  /** Notes what in the store is no longer right. @returns whether that was more than the bound allows. */
  note(invalidation: Invalidation): boolean {
    const wasForEverything = this.isForEverything
    for (const [name, single] of singly(invalidation)) this.noteSingle(name, single)
    return this.isForEverything && !wasForEverything
  }

  /** Notes one name of it. */
  noteSingle(name: string, single: SingleInvalidation): void {
    if (this.isForEverything) return
    this.#changes.set(name, single)
    if (this.size > this.#bound) this.noteEverything()
  }

  /** Notes that nothing in the store is right any more. */
  noteEverything(): void {
    this.#changes.clear()
    this.#changes.set(this.#everything.counter, this.#everything)
  }

  /**
   * Delivers everything, also what is noted meanwhile, and forgets what has arrived. Rejects as the delivery
   * does; what had not arrived by then is kept.
   *
   * @returns how many changes were brought over.
   */
  async replay(deliver: (invalidation: Invalidation) => Promise<void>): Promise<number> {
    let count = 0
    while (this.size > 0) {
      const batch = [...this.#changes].slice(0, BATCH)
      // Off the list before it is sent: what is noted again meanwhile has to be sent again.
      for (const [name] of batch) this.#changes.delete(name)
      try {
        for (const invalidation of together(batch)) await deliver(invalidation)
      } catch (error) {
        for (const [name, single] of batch) this.#putBack(name, single)
        throw error
      }
      count += batch.length
    }
    return count
  }

  #putBack(name: string, single: SingleInvalidation): void {
    if (name === this.#everything.counter) this.noteEverything()
    else this.noteSingle(name, single)
  }
}

/** As few invalidations as will do. */
function together(batch: readonly (readonly [string, SingleInvalidation])[]): Invalidation[] {
  const keys: string[] = []
  const stampings = new Map<string, { counter: string; stamps: string[]; ttlMs: number }>()
  for (const [name, single] of batch) {
    if (single === 'delete') {
      keys.push(name)
      continue
    }
    const { counter, stamps, ttlMs } = single
    const stamping = stampings.get(counter) ?? { counter, stamps: [], ttlMs }
    stamping.stamps.push(...stamps)
    stamping.ttlMs = Math.max(stamping.ttlMs, ttlMs)
    stampings.set(counter, stamping)
  }
  return keys.length === 0 ? [...stampings.values()] : [{ keys }, ...stampings.values()]
}
