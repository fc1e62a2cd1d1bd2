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

/** What changes, as listeners are told. */
export interface ClientEvents {
  /** The state has changed. */
  state: { readonly from: ClientState; readonly to: ClientState }
  /** Redis has become unusable: memory serves. Once per outage. */
  degraded: { readonly cause: Error }
  /** Redis is in use again, after so many milliseconds, with so many changes brought over. */
  recovered: { readonly outageMs: number; readonly replayed: number }
}
