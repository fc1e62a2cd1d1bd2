import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import sinon from 'sinon'
import { Ramp } from '../../lib/client/ramp'
import { rejection } from '../support/rejection'

describe('Ramp', () => {
  let ramp: Ramp
  let begun: number[]
  let finish: { resolve: () => void; reject: (error: Error) => void }[]

  beforeEach(() => {
    ramp = new Ramp()
    begun = []
    finish = []
  })

  /** Work that lasts until the test ends it. */
  function work(index: number): Promise<void> {
    begun.push(index)
    return new Promise<void>((resolve, reject) => finish.push({ resolve, reject }))
  }

  function pass(count: number): void {
    const first = begun.length
    for (let index = 0; index < count; index += 1) ramp.pass(() => work(first + index)).catch(() => undefined)
  }

  /** Ends so much of what is under way, all of it in one turn as when the replies come in one packet. */
  async function end(count: number, how: 'resolve' | 'reject' = 'resolve'): Promise<void> {
    for (const one of finish.splice(0, count)) one[how](new Error('down'))
    await turn()
  }

  it('lets eight in at once, and the others wait', async () => {
    pass(100)
    await turn()
    expect(begun).to.have.length(8)
    expect(ramp.isOver).to.equal(false)
  })

  it('lets two in for each one that is answered, in their order', async () => {
    pass(100)
    await end(1)
    expect(begun).to.have.length(10)
    await end(1)
    expect(begun).to.deep.equal(Array.from({ length: 12 }, (_, index) => index))
  })

  it('takes twice as many in each round trip, also where all replies come in one packet', async () => {
    pass(1000)
    for (const underWay of [8, 16, 32, 64, 128]) {
      await turn()
      expect(finish).to.have.length(underWay)
      await end(underWay)
    }
  })

  it('lets one in for each one that fails: it takes nobody for ready who fails', async () => {
    pass(100)
    await end(8, 'reject')
    expect(finish).to.have.length(8)
    await end(8, 'reject')
    expect(finish).to.have.length(8)
    expect(begun).to.have.length(24)
  })

  it('lets in who comes where there is room', async () => {
    pass(8)
    await end(8)
    pass(20)
    await turn()
    expect(finish).to.have.length(16)
  })

  it('settles as the work does', async () => {
    const cause = new Error('down')
    expect(await ramp.pass(() => Promise.resolve('value'))).to.equal('value')
    expect(await rejection(ramp.pass(() => Promise.reject(cause)))).to.equal(cause)
  })

  it('is over when a thousand have been answered', async () => {
    for (let count = 0; count < 1015; count += 1) await ramp.pass(() => Promise.resolve())
    expect(ramp.isOver).to.equal(false)
    await ramp.pass(() => Promise.resolve())
    expect(ramp.isOver).to.equal(true)
  })

  it('is over after a second', () => {
    const clock = sinon.useFakeTimers()
    try {
      ramp = new Ramp()
      clock.tick(1000)
      expect(ramp.isOver).to.equal(false)
      clock.tick(1)
      expect(ramp.isOver).to.equal(true)
    } finally {
      clock.restore()
    }
  })
})
