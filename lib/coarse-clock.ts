import type { Clock } from './clock'
import { systemClock } from './clock'

/** So many readings share a look at the machine's clock, at most. */
const READINGS_PER_LOOK = 64

/** What fake timers take the place of. */
const machine = { Date, setImmediate }

/**
 * The clock's monotonic time in milliseconds, for those who read it very often. Of the machine's own clock, what
 * it said stands until the turn of the event loop is over, or for 64 readings if that is sooner: it is behind by
 * no more than the turn has taken, and in whole milliseconds. Any other clock, that of fake timers too, is read each
 * time.
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
  let isWatched = false
  const lookAgain = () => {
    readingsLeft = 0
    isWatched = false
  }
  return () => {
    if (readingsLeft === 0 || isFaked()) {
      time = Math.floor(look())
      // A time that a test has made up is not to stand when the test is over.
      readingsLeft = isFaked() ? 1 : READINGS_PER_LOOK
      // Not unref'd: the loop would sleep with it pending, and what wakes it up would read the time of before.
      if (!isWatched) machine.setImmediate(lookAgain)
      isWatched = true
    }
    readingsLeft -= 1
    return time
  }
}

/** Whether fake timers are in the place of the machine's clock. They move the time within a turn. */
function isFaked(): boolean {
  return Date !== machine.Date || setImmediate !== machine.setImmediate
}
