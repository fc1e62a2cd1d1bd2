/** The right to store what is made for a key, in one of the stores. */
export interface HeldLease {
  readonly key: string
  readonly token: string
  /** Which store it was given by. */
  readonly era: number
}

/** For how long others wait for a sign of life of who has a lease, in milliseconds. A load that has just begun. */
export const LEASE_MS = 200
/** The same for a load that has taken a second: so the many who may wait for it ask less often. */
export const LONG_LEASE_MS = 1000
