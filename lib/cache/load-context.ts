import type { Duration } from '../duration'
import { parseDuration } from '../duration'
import type { Said } from './entry-terms'
import { checkTags } from './tags'

/** What a loader is told, and what it may say of the value that it makes. */
export interface LoadContext<Value = unknown> {
  /**
   * The value that is to be replaced, where there is one within its `grace` or it is made anew ahead of time: for a
   * request of the kind "only if it has changed". Returned as it is, it lives on.
   */
  readonly previous: { readonly value: Value } | undefined
  /** Aborted when all who wait have given up; never where one of them can't. */
  readonly signal: AbortSignal
  /**
   * How long the value lives: milliseconds, or a string like `'5m'`. In place of the call's ttl.
   *
   * @throws {InvalidOptionError} for a bad duration.
   */
  setTtl(ttl: Duration): void
  /**
   * What the value is made from, in place of the call's tags.
   *
   * @throws {InvalidOptionError} for what are no tags.
   */
  setTags(tags: readonly string[]): void
  /** Has the value given to those who asked, and not stored. */
  skip(): void
}

/** A load as its loader sees it. */
export class Load implements LoadContext {
  readonly #previous: () => { readonly value: unknown } | undefined
  #controller: AbortController | undefined
  #isAborted = false
  #isSkipped = false
  #said: Said = {}

  /** Takes what gives a copy of the value that is to be replaced. */
  constructor(previous: () => { readonly value: unknown } | undefined) {
    this.#previous = previous
  }

  get previous(): { readonly value: unknown } | undefined {
    return this.#previous()
  }

  get signal(): AbortSignal {
    // Made for those who ask: most don't.
    this.#controller ??= new AbortController()
    if (this.#isAborted) this.#controller.abort()
    return this.#controller.signal
  }

  /** What the loader has said, for the one who stores. */
  get said(): Said {
    return this.#said
  }

  /** Whether the loader wants its value not to be stored. */
  get isSkipped(): boolean {
    return this.#isSkipped
  }

  setTtl(ttl: Duration): void {
    this.#said = { ...this.#said, ttlMs: parseDuration(ttl, 'setTtl') }
  }

  setTags(tags: readonly string[]): void {
    this.#said = { ...this.#said, tags: [...new Set(checkTags('setTags', tags))] }
  }

  skip(): void {
    this.#isSkipped = true
  }

  /** Nobody waits for it any more. */
  abort(): void {
    this.#isAborted = true
    this.#controller?.abort()
  }
}
