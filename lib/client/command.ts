import type { CacheClient } from './cache-client'

/** A command for whichever store serves. */
export type Command<Result> = (client: CacheClient) => Promise<Result>

/** What a part with state of its own brings to Redis on its return, before anything reads from it. */
export type Handover = (send: <Result>(command: Command<Result>) => Promise<Result>) => Promise<void>

/** A change, with what is to be done about it while Redis is away. */
export interface Change {
  /** What is done where it stands. */
  readonly command: Command<void>
  /** What drops Redis's older value, where Redis is not to have the new one. */
  readonly invalidation: Command<void>
  /** Notes that this is still to be done. */
  readonly note: () => void
}

/** How a value is put under a key. */
export interface SetOptions {
  /** Whether what Redis has under the key is wrong from now on. */
  readonly isChange: boolean
}
