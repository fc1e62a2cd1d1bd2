import { setTimeout as pause } from 'node:timers/promises'
import type { Application } from './application'
import type { CallLog } from './call-log'
import { Writer } from './writer'

const TICK_MS = 5
const SHARED_KEYS = 50
const GROUPS = 5
const WRITERS = 3
const WRITER_PAUSE_MS = 20
/** The response, and what its handler builds it from. */
const LOOKUPS_OF_A_REQUEST = 2

/** An error of the application's own: it is none of the cache's business, and reaches the caller. */
class NoSuchRow extends Error {}

/**
 * A steady mixed load: two hundred times a second one of fifty keys is read through, and beside it others read,
 * write, delete, invalidate, revoke and send requests. Nobody waits for anybody but the writers for themselves.
 */
export class SteadyLoad {
  readonly #app: Application
  readonly #log: CallLog
  readonly #writers: Writer[]
  readonly #underWay = new Set<Promise<unknown>>()
  #timer: NodeJS.Timeout | undefined
  #ticks = 0

  constructor(app: Application, log: CallLog, name: string) {
    this.#app = app
    this.#log = log
    this.#writers = Array.from(
      { length: WRITERS },
      (_, index) => new Writer(app, log, `${name}${String(index)}`),
    )
  }

  /** What a writer read although it had changed it. */
  get staleReads(): string[] {
    return this.#writers.flatMap(({ staleReads }) => staleReads)
  }

  /** The keys that this load alone changes, with the latest version of each. */
  get truth(): Record<string, number> {
    return Object.assign({}, ...this.#writers.map(({ truth }) => truth)) as Record<string, number>
  }

  /** Begins. Never twice. */
  start(): void {
    this.#timer = setInterval(() => {
      this.#tick()
    }, TICK_MS)
    for (const writer of this.#writers) this.#hold(this.#write(writer))
  }

  /** Ends it, and waits for what is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    await Promise.all(this.#underWay)
  }

  #tick(): void {
    const tick = this.#ticks++
    if (tick % 2 === 0) {
      // Two at a time: one loads, and the other one waits for that.
      const index = (tick / 2) % SHARED_KEYS
      for (const read of [this.#readThrough(index), this.#readThrough(index)]) this.#hold(read)
    }
    if (tick % 4 === 1)
      this.#hold(this.#log.run('get', () => this.#app.cache.get(shared(tick % SHARED_KEYS))))
    if (tick % 8 === 3) this.#hold(this.#request(tick))
    if (tick % 10 === 7) this.#hold(this.#change(Math.floor(tick / 10)))
    if (tick % 100 === 50) this.#hold(this.#fail())
  }

  #hold(work: Promise<unknown>): void {
    const held = work.finally(() => this.#underWay.delete(held))
    this.#underWay.add(held)
  }

  #readThrough(index: number): Promise<unknown> {
    const { cache, database } = this.#app
    const key = shared(index)
    const load = (): Promise<string> => database.query(key)
    return this.#log.run('getOrSet', () => cache.getOrSet(key, load, '1m', { tags: [groupOf(index)] }))
  }

  #request(tick: number): Promise<unknown> {
    const path = tick % 16 === 3 ? `/schools/${String(tick % 7)}` : `/reports/${String(tick % 5)}`
    const ask = async (): Promise<void> => {
      const answer = await this.#app.get(path, 'reader')
      if (answer !== 'a row') throw new Error(`${path}: ${answer}`)
    }
    return this.#log.run('request', ask, LOOKUPS_OF_A_REQUEST)
  }

  #change(turn: number): Promise<unknown> {
    const { cache, database } = this.#app
    const index = (turn * 7) % SHARED_KEYS
    const key = shared(index)
    if (turn % 20 === 19) {
      for (let other = index % GROUPS; other < SHARED_KEYS; other += GROUPS) database.touch(shared(other))
      return this.#log.change('invalidateTags', () => cache.invalidateTags(groupOf(index)))
    }
    database.touch(key)
    if (turn % 2 === 0) return this.#log.change('delete', () => cache.delete(key))
    return this.#log.change('set', () => cache.set(key, 'a row', '1m', { tags: [groupOf(index)] }))
  }

  #fail(): Promise<unknown> {
    const error = new NoSuchRow()
    return this.#log.run('getOrSet that fails', async () => {
      const failing = this.#app.cache.getOrSet('failing', () => Promise.reject(error))
      const outcome = await failing.catch((reason: unknown) => reason)
      if (outcome !== error) throw new Error(`The loader's error is now ${String(outcome)}`)
    })
  }

  async #write(writer: Writer): Promise<void> {
    while (this.#timer !== undefined) {
      await writer.goRound()
      await pause(WRITER_PAUSE_MS)
    }
  }
}

function shared(index: number): string {
  return `shared:${String(index)}`
}

function groupOf(index: number): string {
  return `group:${String(index % GROUPS)}`
}
