import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import sinon from 'sinon'
import { CommandTimeoutError } from 'holdfast'
import { Deadline } from '../../lib/client/deadline'
import { RedisClient } from '../../lib/client/redis-client'
import { RedisServer } from '../support/redis-server'

describe('Deadline', () => {
  describe('by the clock', () => {
    let clock: sinon.SinonFakeTimers
    let outcomes: string[]

    beforeEach(() => {
      clock = sinon.useFakeTimers()
      outcomes = []
    })

    afterEach(() => {
      clock.restore()
    })

    function note(name: string, work: Promise<unknown>): void {
      work.then(
        (value) => outcomes.push(`${name}: ${String(value)}`),
        (error: unknown) => outcomes.push(`${name}: ${String(error)}`),
      )
    }

    it('settles as the work does', async () => {
      const deadline = new Deadline(100)
      const cause = new Error('down')
      expect(await deadline.bound(Promise.resolve('value'))).to.equal('value')
      expect(await deadline.bound(Promise.reject(cause)).catch((error: unknown) => error)).to.equal(cause)
    })

    it('gives up when the budget is used up, and not before', async () => {
      const deadline = new Deadline(100)
      note('work', deadline.bound(new Promise(() => undefined)))
      await clock.tickAsync(99)
      expect(outcomes).to.deep.equal([])
      await clock.tickAsync(2)
      expect(outcomes).to.deep.equal(['work: CommandTimeoutError: No answer within 100 ms'])
    })

    it('gives each work the whole budget from when it began', async () => {
      const deadline = new Deadline(100)
      note('first', deadline.bound(new Promise(() => undefined)))
      await clock.tickAsync(60)
      note('second', deadline.bound(new Promise(() => undefined)))
      await clock.tickAsync(60)
      expect(outcomes).to.have.length(1)
      await clock.tickAsync(30)
      expect(outcomes).to.have.length(1)
      await clock.tickAsync(20)
      expect(outcomes).to.have.length(2)
    })

    it('begins anew after a time with nothing to wait for', async () => {
      const deadline = new Deadline(100)
      await deadline.bound(Promise.resolve())
      await clock.tickAsync(1000)
      note('work', deadline.bound(new Promise(() => undefined)))
      await clock.tickAsync(99)
      expect(outcomes).to.deep.equal([])
      await clock.tickAsync(2)
      expect(outcomes).to.have.length(1)
    })

    it('gives up only what is late, whatever was answered in between', async () => {
      const deadline = new Deadline(100)
      let answer: (value: string) => void = () => undefined
      note('first', deadline.bound(new Promise(() => undefined)))
      note('second', deadline.bound(new Promise((resolve) => (answer = resolve))))
      note('third', deadline.bound(new Promise(() => undefined)))
      await clock.tickAsync(50)
      answer('in time')
      await clock.tickAsync(51)
      expect(outcomes).to.deep.equal([
        'second: in time',
        'first: CommandTimeoutError: No answer within 100 ms',
        'third: CommandTimeoutError: No answer within 100 ms',
      ])
    })

    it('does not mind what becomes of work it has given up', async () => {
      const deadline = new Deadline(100)
      let fail: (error: Error) => void = () => undefined
      note('work', deadline.bound(new Promise((_, reject) => (fail = reject))))
      await clock.tickAsync(101)
      fail(new Error('much later'))
      await clock.tickAsync(1)
      expect(outcomes).to.deep.equal(['work: CommandTimeoutError: No answer within 100 ms'])
    })

    it('needs one timer for any number of works, and none once they are late', async () => {
      const deadline = new Deadline(100)
      for (let index = 0; index < 50; index += 1) note('work', deadline.bound(new Promise(() => undefined)))
      expect(clock.countTimers()).to.equal(1)
      await clock.tickAsync(101)
      expect(outcomes).to.have.length(50)
      expect(clock.countTimers()).to.equal(0)
    })
  })

  it("does not count the time in which the application's own code held the event loop", async () => {
    const server = await RedisServer.start()
    const client = new RedisClient({ socket: { port: server.port } })
    try {
      await client.connect()
      // Holds back the answer to what follows it, so that it arrives while the event loop is blocked: Redis looks
      // at the time ten times a second.
      const pause = client.redis.blPop('nothing', 0.01)
      const ping = new Deadline(20).bound(client.ping())
      // node-redis writes a turn later.
      for (let turns = 0; turns < 3; turns += 1) await turn()
      const blockedUntil = performance.now() + 300
      while (performance.now() < blockedUntil);
      await Promise.all([ping, pause])
    } finally {
      client.disconnect()
      await server.close()
    }
  })

  it('rejects with an error that says so', async () => {
    const error: unknown = await new Deadline(1)
      .bound(new Promise(() => undefined))
      .catch((cause: unknown) => cause)
    expect(error).to.be.instanceOf(CommandTimeoutError)
  })
})
