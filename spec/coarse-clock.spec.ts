import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import sinon from 'sinon'
import { systemClock } from '../lib/clock'
import { coarseMonotonic, coarseNow } from '../lib/coarse-clock'
import { ManualClock } from './support/manual-clock'

describe('The coarse clock', () => {
  afterEach(() => {
    sinon.restore()
  })

  it("looks at the machine's clock once for many readings in a turn of the event loop", async () => {
    const looks = sinon.spy(systemClock, 'monotonic')
    const now = coarseMonotonic(systemClock)
    const first = now()
    await Promise.resolve()
    expect(now()).to.equal(first)
    expect(looks.callCount).to.equal(1)
    await turn()
    now()
    expect(looks.callCount).to.equal(2)
  })

  it('tells the time of now when the loop wakes up after a while', async () => {
    const now = coarseMonotonic(systemClock)
    now()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(now()).to.be.closeTo(performance.now(), 5)
  })

  it('looks again in each turn, be it within the same millisecond', async () => {
    const look = sinon.stub(systemClock, 'monotonic').returns(5)
    const now = coarseMonotonic(systemClock)
    now()
    await turn()
    now()
    await turn()
    look.returns(99)
    expect(now()).to.equal(99)
  })

  it('looks again after 64 readings in a loop that does not end its turn', () => {
    const looks = sinon.spy(systemClock, 'monotonic')
    const now = coarseMonotonic(systemClock)
    for (let reading = 0; reading < 640; reading += 1) now()
    expect(looks.callCount).to.equal(10)
  })

  it('reads the time of day in the same way', async () => {
    const look = sinon.stub(systemClock, 'now').returns(5.5)
    const now = coarseNow(systemClock)
    expect(now()).to.equal(5)
    look.returns(99)
    expect(now()).to.equal(5)
    await turn()
    expect(now()).to.equal(99)
    const manual = new ManualClock('2026-03-01T10:00:00Z')
    const told = coarseNow(manual)
    const start = told()
    manual.advance(1)
    expect(told() - start).to.equal(1)
  })

  it('leaves nothing behind for the loop to do when nobody asks', async () => {
    const plans = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Immediate').length
    const now = coarseMonotonic(systemClock)
    const before = plans()
    now()
    expect(plans()).to.equal(before + 1)
    await turn()
    await turn()
    expect(plans()).to.be.at.most(before)
  })

  it('follows fake timers, however they move the time', () => {
    const clock = sinon.useFakeTimers()
    const now = coarseNow(systemClock)
    const start = now()
    clock.tick(250)
    expect(now() - start).to.equal(250)
    clock.setSystemTime(start + 86_400_000)
    expect(now() - start).to.equal(86_400_000)
  })

  it('follows a Date that alone is fake', () => {
    const clock = sinon.useFakeTimers({ toFake: ['Date'] })
    const now = coarseNow(systemClock)
    const start = now()
    clock.tick(250)
    expect(now() - start).to.equal(250)
  })

  it('tells the time of now as soon as fake timers are taken away', () => {
    const now = coarseNow(systemClock)
    const clock = sinon.useFakeTimers({ now: Date.now() + 86_400_000 })
    now()
    clock.restore()
    expect(now()).to.be.closeTo(Date.now(), 50)
  })

  it("reads a test's own clock each time", () => {
    const clock = new ManualClock()
    const now = coarseMonotonic(clock)
    const start = now()
    clock.advance(10)
    expect(now() - start).to.equal(10)
  })
})
