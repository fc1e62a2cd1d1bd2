import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import sinon from 'sinon'
import { CommandTimeoutError } from 'holdfast'
import { Deadline } from '../../lib/client/deadline'
import { RedisClient } from '../../lib/client/redis-client'
import { RedisServer } from '../support/redis-server'
import { rejection } from '../support/rejection'

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

  describe('idle', () => {
    it('resolves when what is under way has been answered or given up, whatever came of it', async () => {
      const deadline = new Deadline(20)
      await deadline.idle()
      let isIdle = false
      let answer: (value: string) => void = () => undefined
      const works = [
        deadline.bound(new Promise((resolve) => (answer = resolve))),
        deadline.bound(Promise.reject(new Error('down'))),
        deadline.bound(new Promise(() => undefined)),
      ].map((work) => work.catch(String))
      const idle = deadline.idle().then(() => (isIdle = true))
      answer('value')
      await turn()
      expect(isIdle).to.equal(false)
      await idle
      expect(await Promise.all(works)).to.deep.equal([
        'value',
        'Error: down',
        'CommandTimeoutError: No answer within 20 ms',
      ])
    })

    it('resolves for each who waits for it', async () => {
      const deadline = new Deadline(20)
      const work = deadline.bound(new Promise(() => undefined)).catch(String)
      await Promise.all([deadline.idle(), deadline.idle(), work])
    })
  })

  describe('boundWhile', () => {
    let clock: sinon.SinonFakeTimers

    beforeEach(() => {
      clock = sinon.useFakeTimers()
    })

    afterEach(() => {
      clock.restore()
    })

    it('settles as the work does', async () => {
      const deadline = new Deadline(100)
      const cause = new Error('down')
      expect(await deadline.boundWhile(() => 0, Promise.resolve('value'))).to.equal('value')
      expect(await rejection(deadline.boundWhile(Math.random, Promise.reject(cause)))).to.equal(cause)
    })

    it('begins the budget anew for as long as there is progress', async () => {
      let progress = 0
      const outcome = new Deadline(100).boundWhile(() => progress, new Promise(() => undefined)).catch(String)
      let isOver = false
      void outcome.then(() => (isOver = true))
      for (let round = 0; round < 10; round += 1) {
        progress += 1
        await clock.tickAsync(100)
      }
      expect(isOver).to.equal(false)
      await clock.tickAsync(250)
      expect(await outcome).to.equal('CommandTimeoutError: No answer within 100 ms')
    })

    it('gives up at the end of the budget where there is none', async () => {
      const outcome = new Deadline(100)
        .boundWhile(() => undefined, new Promise(() => undefined))
        .catch(String)
      await clock.tickAsync(101)
      expect(await outcome).to.equal('CommandTimeoutError: No answer within 100 ms')
    })

    it('takes the answer also after the first budget', async () => {
      let progress = 0
      let answer: (value: string) => void = () => undefined
      const outcome = new Deadline(100).boundWhile(
        () => progress,
        new Promise((resolve) => (answer = resolve)),
      )
      progress += 1
      await clock.tickAsync(150)
      answer('late')
      expect(await outcome).to.equal('late')
    })
  })

  describe("while the application's own code holds the event loop", () => {
    const BUDGET_MS = 100
    let server: RedisServer
    let client: RedisClient

    before(async () => {
      server = await RedisServer.start()
      client = new RedisClient({ url: server.url })
      await client.connect()
    })

    after(async () => {
      client.disconnect()
      await server.close()
    })

    function hold(milliseconds: number): void {
      const until = performance.now() + milliseconds
      while (performance.now() < until);
    }

    // Shorter than the budget, as long, a little longer, and much longer.
    for (const milliseconds of [95, 100, 105, 115, 130, 300, 1000]) {
      it(`calls nothing late that was asked for right before it was held for ${String(milliseconds)} ms`, async () => {
        const answer = new Deadline(BUDGET_MS).bound(client.ping())
        hold(milliseconds)
        await answer
      })
    }

    it('calls nothing late that was asked for between one time and the next', async () => {
      // Held up again and again, so that a server which is held up as well would be late: it has more time.
      const budgetMs = 3 * BUDGET_MS
      const deadline = new Deadline(budgetMs)
      // Answered once the last of them is over.
      const slow = deadline.bound(client.redis.blPop('nothing', 0.01))
      for (let time = 0; time < 5; time += 1) {
        const answer = deadline.bound(client.ping())
        hold(1.5 * budgetMs)
        if (time < 4) await turn()
        else await answer
      }
      await slow
    })

    it('calls late all the same what is not answered within the budget of time that is its own', async () => {
      await server.stop()
      try {
        const begun = performance.now()
        const answer = rejection(new Deadline(BUDGET_MS).bound(client.ping()))
        hold(300)
        expect(await answer).to.be.instanceOf(CommandTimeoutError)
        expect(performance.now() - begun).to.be.within(300, 300 + 2 * BUDGET_MS)
      } finally {
        await server.continue()
      }
    })
  })

  it('rejects with an error that says so', async () => {
    const error: unknown = await new Deadline(1)
      .bound(new Promise(() => undefined))
      .catch((cause: unknown) => cause)
    expect(error).to.be.instanceOf(CommandTimeoutError)
  })
})
