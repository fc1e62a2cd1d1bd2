import { CommandRefusedError } from '../errors'
import type { CacheClient } from './cache-client'
import type { Invalidation, Send } from './invalidation'
import { invalidateSurely } from './invalidation'

/** A command, or several that belong together, for whichever store serves. */
export type Command<Result> = (client: CacheClient) => Promise<Result>

/** A value that is written. */
export interface Write {
  /** How it is written. Run again on memory where Redis does not answer. */
  readonly command: Command<void>
  /** What drops Redis's older value, where Redis is not to have this one. A load changes nothing: it has none. */
  readonly invalidation?: Invalidation | undefined
}

/** A part with state of its own that Redis is to have. */
export interface Handover {
  /**
   * Brings to Redis what it may lack, before anything is read from it again.
   *
   * @param lacksSince - since when Redis may lack what it acknowledged, as `performance.now()` has it: `Infinity`
   *   where it lacks nothing, `-Infinity` where that can be anything.
   */
  bring(send: Send, lacksSince: number): Promise<void>
  /** How much of it Redis has not acknowledged. */
  pending(): number
}

/** Writes a value; where the store refuses it, its older one goes. @returns the refusal, if it is one. */
export async function put(
  client: CacheClient,
  { command, invalidation }: Write,
): Promise<CommandRefusedError | undefined> {
  try {
    await command(client)
    return undefined
  } catch (error) {
    if (!(error instanceof CommandRefusedError)) throw error
    if (invalidation !== undefined) await invalidateSurely(client, invalidation)
    return error
  }
}
