import { expect } from 'chai'
import { InvalidOptionError } from 'holdfast'
import type { Duration } from 'holdfast'
import { MAX_DURATION_MS, parseDuration } from '../lib/duration'

describe('parseDuration', () => {
  const readings: [Duration, number][] = [
    [1, 1],
    [3_600_000, 3_600_000],
    ['250ms', 250],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['7 days', 604_800_000],
    ['1.5s', 1500],
    ['500', 500],
    ['100 years', MAX_DURATION_MS],
    [MAX_DURATION_MS, MAX_DURATION_MS],
  ]
  for (const [duration, milliseconds] of readings) {
    it(`reads ${JSON.stringify(duration)} as ${String(milliseconds)} ms`, () => {
      expect(parseDuration(duration, 'ttl')).to.equal(milliseconds)
    })
  }

  it('rounds up to whole milliseconds, so that nothing that lives becomes nothing', () => {
    expect(parseDuration(0.2, 'ttl')).to.equal(1)
    expect(parseDuration('0.2ms', 'ttl')).to.equal(1)
    expect(parseDuration(1000.4, 'ttl')).to.equal(1001)
  })

  const refused: unknown[] = [
    0,
    -1,
    Number.NaN,
    Infinity,
    MAX_DURATION_MS + 1,
    '',
    '0',
    '-5m',
    'soon',
    '5 m 3 s',
    '101 years',
    'Infinity',
    '1'.repeat(101),
    null,
    undefined,
    true,
    5n,
    { ms: 5 },
  ]
  for (const duration of refused) {
    const shown = typeof duration === 'string' ? `'${duration.slice(0, 20)}'` : inspect(duration)
    it(`refuses ${shown}, naming the option`, () => {
      expect(() => parseDuration(duration as Duration, 'createCache: ttl')).to.throw(
        InvalidOptionError,
        /^createCache: ttl: expected a positive number of milliseconds or a string like '5m', at most 100 years, got /,
      )
    })
  }

  it('shows what it got', () => {
    expect(() => parseDuration(Number.NaN, 'ttl')).to.throw(/got NaN$/)
    expect(() => parseDuration('soon', 'ttl')).to.throw(/got 'soon'$/)
  })
})

function inspect(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
