/** Where time comes from. Give your own to test what expires without waiting. */
export interface Clock {
  /** The time of day, in milliseconds since the Unix epoch. May step back or forth. */
  now(): number
  /** Milliseconds since some fixed moment. Never goes back: what lifetimes are measured with. */
  monotonic(): number
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}
