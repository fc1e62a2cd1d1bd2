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

/** What came of a run. */
export interface RunResult {
  /** What others who wait may have too. */
  readonly response: StoredResponse | undefined
  /** Whether its head said that nothing like it is ever stored. */
  readonly isRefused: boolean
  /** Whether it could have been stored, had there been a permit. */
  readonly isStorable?: boolean
  /** Whether it was for a cache further in to decide. */
  readonly isOverruled?: boolean
}

/** That nothing came of it that others may have: this very object, where the route has not run. */
export const NOTHING: RunResult = { response: undefined, isRefused: false }
