import { expect } from 'chai'
import { useFakeTimers } from 'sinon'
import type { SinonFakeTimers } from 'sinon'
import { Ramp } from '../../lib/client/ramp'

const FIRST = 64

describe('Ramp', () => {
  let clock: SinonFakeTimers
  let ramp: Ramp

  beforeEach(() => {
    clock = useFakeTimers({ toFake: ['performance'] })
    ramp = new Ramp()
  })

  afterEach(() => {
    clock.restore()
  })

  function enter(count: number): number {
    return Array.from({ length: count }, () => ramp.enter()).filter(Boolean).length
  }

  function leave(count: number, wasAnswered: boolean): void {
    for (let left = 0; left < count; left += 1) ramp.leave(wasAnswered)
  }

  it('has room for so many at first, and turns the others away', () => {
    expect(enter(100)).to.equal(FIRST)
  })

  it('has room for twice as many once those have been answered', () => {
    leave(enter(FIRST), true)
    expect(enter(1000)).to.equal(2 * FIRST)
  })

  it('has room for no more than before where nobody was answered', () => {
    leave(enter(FIRST), false)
    expect(enter(1000)).to.equal(FIRST)
  })

  it('is over after a few round trips of as many as find room', () => {
    let trips = 0
    while (!ramp.isOver) {
      leave(enter(10_000), true)
      trips += 1
    }
    expect(trips).to.equal(4)
  })

  it('is over after a second, whatever was answered', () => {
    clock.tick(1000)
    expect(ramp.isOver).to.equal(false)
    clock.tick(1)
    expect(ramp.isOver).to.equal(true)
  })
})
