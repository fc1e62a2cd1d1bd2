/** For how long it is remembered. */
const REMEMBERED_MS = 10_000
const MOST = 10_000

/**
 * Keys whose responses were refused a moment ago: who asks for them runs the route without waiting for anybody, and
 * as the client asked.
 */
export class Passes {
  readonly #until = new Map<string, number>()
  readonly #now: () => number

  /** Takes monotonic time, in milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Whether a response of this key was refused lately. */
  has(key: string): boolean {
    const until = this.#until.get(key)
    if (until === undefined) return false
    if (until > this.#now()) return true
    this.#until.delete(key)
    return false
  }

  /** Remembers that a response of this key was refused. */
  add(key: string): void {
    if (this.#until.size >= MOST) this.#until.clear()
    this.#until.set(key, this.#now() + REMEMBERED_MS)
  }

  /** Forgets it. */
  delete(key: string): void {
    this.#until.delete(key)
  }
}
