import type { Permit } from './response-store'
import type { RunPlan, RunResult } from './run-plan'
import { NOTHING } from './run-plan'
import type { StoredResponse } from './stored-response'
import type { Visit } from './visit'

/** What a run has the right to store: used once, or given back. */
export class StoringRight {
  readonly #visit: Visit
  readonly #plan: RunPlan
  #permit: Permit | undefined
  #isUsed = false

  constructor(visit: Visit, plan: RunPlan) {
    this.#visit = visit
    this.#plan = plan
    this.#permit = plan.permit
  }

  get isUsed(): boolean {
    return this.#isUsed
  }

  giveBack(): void {
    if (this.#permit !== undefined) this.#visit.store.giveBack(this.#permit)
    this.#permit = undefined
  }

  /**
   * Stores a response, with the tags that the route has named: behind this turn, in which it goes to its client. Who
   * waits for it is served then too.
   */
  use(named: readonly string[], complete: () => StoredResponse, onDone: (result: RunResult) => void): void {
    const permit = this.#permit
    this.#permit = undefined
    if (permit === undefined) return
    this.#isUsed = true
    setImmediate(() => {
      const { slot, tags } = this.#plan
      const { key: topKey, store } = this.#visit
      try {
        const response = complete()
        const all = named.length === 0 ? tags : [...new Set([...tags, ...named])]
        void store.store(response, { topKey, slot, permit, tags: all })
        onDone({ response, isRefused: false })
      } catch (error) {
        store.refuse(permit, error)
        onDone(NOTHING)
      }
    })
  }
}
