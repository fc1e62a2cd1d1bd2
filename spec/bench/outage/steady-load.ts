import type { CallLog } from './call-log'
import type { Contender } from './contenders/contender'

const INTERVAL_MS = 5
const KEYS = 50
const TTL_MS = 1000

/** In this time the keys join one by one: begun at once they would all run out at once, again and again. */
export const STAGGER_MS = 1250

/** Asks for one of 50 keys 200 times a second, whatever becomes of the calls before. */
export class SteadyLoad {
  readonly #cache: Contender
  readonly #log: CallLog
  readonly #random = randomNumbers()
  #startedAt = 0
  #dueAt = 0
  #joined = 0
  #timer: NodeJS.Timeout | undefined

  constructor(cache: Contender, log: CallLog) {
    this.#cache = cache
    this.#log = log
  }

  start(): void {
    this.#startedAt = this.#dueAt = performance.now()
    this.#later()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #later(): void {
    this.#timer = setTimeout(() => {
      this.#catchUp()
      this.#later()
    }, INTERVAL_MS)
  }

  /** Callers do not wait for a process that is busy: after a pause they are all there. */
  #catchUp(): void {
    const now = performance.now()
    this.#log.noteLateTimer(now - this.#dueAt - INTERVAL_MS)
    while (this.#dueAt <= now) {
      this.#call(now)
      this.#dueAt += INTERVAL_MS
    }
  }

  #call(now: number): void {
    const key = `row:${String(this.#choose(now))}`
    void this.#log.trackSteady(() => this.#cache.getOrSet(key, () => this.#log.load(key), TTL_MS))
  }

  #choose(now: number): number {
    const most = Math.min(KEYS, Math.ceil(((now - this.#startedAt) / STAGGER_MS) * KEYS))
    if (this.#joined < most) return this.#joined++
    return Math.floor(this.#random() * this.#joined)
  }
}

/** The same numbers in every run (mulberry32), so that all contenders are asked the same. */
function randomNumbers(seed = 1): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
