import type { CacheClient } from './cache-client'
import type { Invalidation, Send } from './invalidation'

/** A command, or several that belong together, for whichever store serves. */
export type Command<Result> = (client: CacheClient) => Promise<Result>

/** A value that is written. */
export interface Write {
  /** How it is written. Run again on memory where Redis does not answer. */
  readonly command: Command<void>
  /** What drops Redis's older value, where Redis is not to have this one. A load changes nothing: it has none. */
  readonly invalidation?: Invalidation
}

/** A part with state of its own that Redis is to have. */
export interface Handover {
  /**
   * Brings to Redis what it may lack, before anything is read from it again.
   *
   * @param isComplete - whether Redis is known to have all that it acknowledged.
   */
  bring(send: Send, isComplete: boolean): Promise<void>
  /** How much of it Redis has not acknowledged. */
  pending(): number
}
