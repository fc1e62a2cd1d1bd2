import type { Detail, ForwardReason } from './cache-status'
import type { Permit } from './response-store'
import type { Slot } from './variant-index'
import type { StoredResponse } from './stored-response'

/** Why the route runs, and what for. */
export interface RunPlan {
  readonly fwd: ForwardReason
  readonly detail?: Detail | undefined
  /** What it may call still right, or what may stand in if it fails. */
  readonly former?: StoredResponse | undefined
  readonly slot: Slot
  /** Without one, nothing is stored. */
  readonly permit?: Permit | undefined
  /** What the request knows of tags. */
  readonly tags: readonly string[]
}

/** A failure of the route, and how many of those who have waited for it have come to know. */
export class Failure {
  #told = 0

  /**
   * Whether the one who comes to know of it has the route run by himself; others wait for one of them once more. After
   * each failure twice as many do: a route that is down holds nobody up for long, and one that is back is not overrun.
   *
   * @param count - how many failures he has waited for.
   */
  releases(count: number): boolean {
    this.#told += 1
    return this.#told > 1 && this.#told <= 2 ** count
  }
}

/** What came of a run. */
export interface RunResult {
  /** What others who wait may have too. */
  readonly response: StoredResponse | undefined
  /** Whether its head said that nothing like it is ever stored. */
  readonly isRefused: boolean
  /** That the route has failed, for those who have waited for it. */
  readonly failure?: Failure
  /** Whether it could have been stored, had there been a permit. */
  readonly isStorable?: boolean
  /** Whether it was for a cache further in to decide. */
  readonly isOverruled?: boolean
}

/** That nothing came of it that others may have. */
export const NOTHING: RunResult = { response: undefined, isRefused: false }
