import { setTimeout as pause } from 'node:timers/promises'
import type { Reply } from './school-client'

/** What came of a load. */
export interface LoadReport {
  readonly requests: number
  /** Statuses other than 200, and errors, as text. */
  readonly failures: readonly string[]
  readonly slowestMs: number
}

const PAUSE_MS = 5

/** Sends requests one after the other until it is stopped. */
export class Load {
  readonly #failures: string[] = []
  readonly #ended: Promise<void>
  #requests = 0
  #slowestMs = 0
  #isStopped = false

  /** @param calls sent in turn */
  constructor(calls: readonly (() => Promise<Reply<unknown>>)[]) {
    this.#ended = this.#run(calls)
  }

  /** Ends the load after the request under way. */
  async stop(): Promise<LoadReport> {
    this.#isStopped = true
    await this.#ended
    return { requests: this.#requests, failures: this.#failures, slowestMs: this.#slowestMs }
  }

  async #run(calls: readonly (() => Promise<Reply<unknown>>)[]): Promise<void> {
    while (!this.#isStopped) {
      for (const call of calls) await this.#send(call)
      await pause(PAUSE_MS)
    }
  }

  async #send(call: () => Promise<Reply<unknown>>): Promise<void> {
    this.#requests += 1
    try {
      const { status, ms } = await call()
      if (status !== 200) this.#failures.push(String(status))
      this.#slowestMs = Math.max(this.#slowestMs, ms)
    } catch (error) {
      this.#failures.push(String(error))
    }
  }
}
