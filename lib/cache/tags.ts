import { describeValue } from '../check-options'
import type { CacheClient } from '../client/cache-client'
import type { Stamping } from '../client/invalidation'
import { InvalidOptionError } from '../errors'

/**
 * How invalidation by tag works. Each namespace has a counter. To invalidate a tag is to advance the counter
 * and write the new count down as the tag's stamp. A value remembers what the count was when it began to be
 * made, and is current as long as no stamp of its tags is later than that: an invalidation that falls into a
 * load wins, whatever the load then says its tags are.
 *
 * A stamp that is missing (evicted, expired, flushed) proves nothing, so its values are not current. Counts
 * carry the epoch of their counter, and counts of different epochs never compare.
 *
 * The floor is the tag that every value of the namespace has: `clear()` stamps it.
 */
export class Stamps {
  /** The key of the namespace's counter. */
  readonly counter: string
  /** The key of the stamp that every value depends on. */
  readonly floor: string
  readonly #prefix: string

  constructor(namespace: string) {
    this.#prefix = `holdfast:{ns=${namespace}}`
    this.counter = `${this.#prefix}:counter`
    this.floor = `${this.#prefix}:floor`
  }

  /** What the keys of anchors begin with: see `history-proof.ts`. */
  get anchors(): string {
    return `${this.#prefix}:anchor:`
  }

  /** The key of a tag's stamp. */
  of(tag: string): string {
    return `${this.#prefix}:tag:${tag}`
  }

  /** The tag of a stamp's key; `undefined` for any other key. */
  tagOf(key: string): string | undefined {
    const prefix = this.of('')
    return key.startsWith(prefix) ? key.slice(prefix.length) : undefined
  }

  /** The stamps of these tags, to be written: they live as long as anything that may depend on them. */
  stamping(tags: readonly string[], ttlMs = 0): Stamping {
    return this.#stamping(
      tags.map((tag) => this.of(tag)),
      ttlMs,
    )
  }

  /** The stamps that a value with these tags depends on. */
  ground(tags: readonly string[], ttlMs = 0): Stamping {
    return this.#stamping([this.floor, ...tags.map((tag) => this.of(tag))], ttlMs)
  }

  /** The count as it stands, with the stamps that a value with these tags depends on made sure of. */
  ensure(store: CacheClient, tags: readonly string[], lifeMs?: number): Promise<string> {
    const { counter, stamps, ttlMs } = this.ground(tags, lifeMs)
    return store.ensureStamps(counter, stamps, ttlMs)
  }

  #stamping(stamps: readonly string[], ttlMs: number): Stamping {
    return { counter: this.counter, stamps, ttlMs: Math.max(ttlMs + HEAD_START_MS, SHORTEST_STAMP_LIFE_MS) }
  }
}

/** A stamp is written before the value that depends on it, and is there when that expires. */
const HEAD_START_MS = 60 * 1000
const SHORTEST_STAMP_LIFE_MS = 24 * 60 * 60 * 1000

/** Whether a value that began to be made at this count is still right by this stamp. */
export function isCurrent(count: string, stamp: Buffer | undefined): boolean {
  if (stamp === undefined) return false
  const dot = count.indexOf('.')
  const stamped = stamp.toString('latin1')
  // The epoch with its dot: a count without one is none.
  if (dot === -1 || !stamped.startsWith(count.slice(0, dot + 1))) return false
  return Number(stamped.slice(dot + 1)) <= Number(count.slice(dot + 1))
}

/**
 * Tags as they may be used: an array of strings, none of them empty.
 *
 * @throws {InvalidOptionError} for anything else.
 */
export function checkTags(option: string, tags: unknown): readonly string[] {
  if (Array.isArray(tags) && tags.every(isTag)) return tags
  throw new InvalidOptionError(
    option,
    `expected an array of strings that are not empty, or a function that gives one, got ${describeValue(tags)}`,
  )
}

function isTag(tag: unknown): tag is string {
  return typeof tag === 'string' && tag !== '' && tag.isWellFormed()
}
