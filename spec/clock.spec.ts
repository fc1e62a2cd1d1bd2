import { expect } from 'chai'
import sinon from 'sinon'
import { systemClock } from '../lib/clock'

describe('systemClock', () => {
  afterEach(() => {
    sinon.restore()
  })

  it("tells the machine's time of day", () => {
    const before = Date.now()
    expect(systemClock.now()).to.be.within(before, Date.now())
  })

  it('measures lifetimes by a clock that does not follow when the time of day is set', () => {
    const clock = sinon.useFakeTimers({ now: 1_000_000 })
    const start = systemClock.monotonic()
    clock.tick(250)
    clock.setSystemTime(0)
    expect(systemClock.now()).to.equal(0)
    expect(systemClock.monotonic() - start).to.equal(250)
  })

  it('follows a fake clock that is put in its place later', () => {
    const clock = sinon.useFakeTimers({ now: 5000 })
    expect(systemClock.now()).to.equal(5000)
    clock.tick(10)
    expect(systemClock.now()).to.equal(5010)
  })
})
