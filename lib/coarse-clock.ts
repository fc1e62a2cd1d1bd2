import type { Clock } from './clock'
import { systemClock } from './clock'

/** So many readings share a look at the machine's clock, at most. */
const READINGS_PER_LOOK = 64

/**
 * The clock's monotonic time in milliseconds, for those who read it very often. Of the machine's own clock, what
 * it said stands until the turn of the event loop is over, or for 64 readings if that is sooner: it is behind by
 * no more than the turn has taken, and in whole milliseconds. Any other clock is read each time.
 */
export function coarseMonotonic(clock: Clock): () => number {
  return clock === systemClock ? coarse(() => clock.monotonic()) : () => clock.monotonic()
}

/** The clock's time of day in milliseconds, read in the same way. */
export function coarseNow(clock: Clock): () => number {
  return clock === systemClock ? coarse(() => clock.now()) : () => clock.now()
}

function coarse(look: () => number): () => number {
  let time = 0
  let readingsLeft = 0
  let watchedAt = -1
  const lookAgain = () => {
    readingsLeft = 0
    watchedAt = -1
  }
  return () => {
    if (readingsLeft === 0) {
      time = Math.floor(look())
      readingsLeft = READINGS_PER_LOOK
      // Not unref'd: the loop would sleep with it pending, and what wakes it up would read the time of before.
      // Once a millisecond, and not once a turn: fake timers may have taken the last one away with them.
      if (time !== watchedAt) setImmediate(lookAgain)
      watchedAt = time
    }
    readingsLeft -= 1
    return time
  }
}
