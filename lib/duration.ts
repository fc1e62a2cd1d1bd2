import ms from 'ms'
import { describeValue } from './check-options'
import { InvalidOptionError } from './errors'

/** A length of time: a number of milliseconds, or a string as the `ms` package reads it: `'5m'`, `'1h'`, `'7 days'`. */
export type Duration = number | string

/** The longest time that is accepted, in milliseconds: 100 years. Redis itself would take 292 million years. */
export const MAX_DURATION_MS = 100 * 365.25 * 24 * 60 * 60 * 1000

/**
 * Reads a duration as whole milliseconds, at least 1.
 *
 * @throws {InvalidOptionError} for anything but a positive, finite time of at most 100 years.
 */
export function parseDuration(duration: Duration, option: string): number {
  const milliseconds = typeof duration === 'string' ? parseText(duration) : duration
  if (typeof milliseconds !== 'number' || !(milliseconds > 0) || milliseconds > MAX_DURATION_MS) {
    const got = describeValue(duration)
    throw new InvalidOptionError(
      option,
      `expected a positive number of milliseconds or a string like '5m', at most 100 years, got ${got}`,
    )
  }
  return Math.ceil(milliseconds)
}

function parseText(text: string): number {
  const isPlausible = text.length > 0 && text.length <= 100
  // What ms cannot read is undefined, whatever its types say: the caller refuses both.
  return isPlausible ? ms(text as ms.StringValue) : Number.NaN
}
