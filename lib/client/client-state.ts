/**
 * Which store serves, and why.
 *
 * - `memory`: no Redis configured; memory is all there is
 * - `connecting`: the first connection is under way
 * - `ready`: Redis answers
 * - `suspect`: a command ran out of its budget, and one probe is out
 * - `degraded`: Redis is configured and not usable
 * - `recovering`: Redis is back, and is being brought up to date
 * - `closed`: `close()` was called
 */
export type ClientState = 'memory' | 'connecting' | 'ready' | 'suspect' | 'degraded' | 'recovering' | 'closed'

/**
 * Where a change stands: acknowledged by Redis, in the memory of this process (and carried over to Redis as
 * soon as it is back), or nowhere.
 */
export type Stored = 'redis' | 'memory' | 'none'

/** Where all of several changes stand. */
export function weakest(changes: readonly Stored[]): Stored {
  if (changes.includes('none')) return 'none'
  return changes.includes('memory') ? 'memory' : 'redis'
}

/** What changes, as listeners are told. */
export interface ClientEvents {
  /** The state has changed. */
  state: { readonly from: ClientState; readonly to: ClientState }
  /** Redis has become unusable: memory serves. Once per outage. */
  degraded: { readonly cause: Error }
  /** Redis is in use again, after so many milliseconds, and has what was changed meanwhile. */
  recovered: { readonly outageMs: number } & BroughtOver
}

/** What Redis was told on its return. */
export interface BroughtOver {
  /** How many keys and tags. */
  readonly replayed: number
  /** Whether more had changed than is noted one by one: the whole namespace is void then. */
  readonly everything: boolean
}

/** What `close()` leaves. */
export interface Closed {
  /** How many changes and revocations could not be brought to Redis any more. 0: nothing is lost. */
  readonly notCarriedOver: number
}
