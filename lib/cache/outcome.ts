import type { Stored } from '../client/client-state'
import type { Payload } from './payload'

/** What a flight ends with. */
export interface Outcome {
  /** The value as it is written, of which everybody reads a copy; none where it can't be written. */
  readonly payload: Payload | undefined
  /** The first copy, or the value itself where there are no copies. */
  readonly value: unknown
  /** Whether that does for all. */
  readonly isShared: boolean
  /** Whether no loader had to run. */
  readonly isHit: boolean
  /** Until when it is what its key has, and more than a stand-in; `undefined` for as long as it is there. */
  readonly freshUntil?: number | undefined
  /** How long it took to make, where that is known. */
  readonly costMs?: number | undefined
  /** Where a value that was set stands. */
  readonly stored?: Stored
}
