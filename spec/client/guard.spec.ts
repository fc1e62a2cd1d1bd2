import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import sinon from 'sinon'
import { CommandTimeoutError } from 'holdfast'
import type { CacheClient } from 'holdfast'
import { Guard, NoRoomError } from '../../lib/client/guard'
import { FakePrimary } from '../support/fake-primary'
import { rejection } from '../support/rejection'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

const BUDGET_MS = 20
const CAUSE = new CommandTimeoutError(BUDGET_MS)
const NEVER = new Promise<never>(() => undefined)

describe('Guard', () => {
  failOnUnhandledRejections()

  let clock: sinon.SinonFakeTimers
  let primary: FakePrimary
  let guard: Guard
  let silences: Error[]

  function guardOf(budgetMs: number): Guard {
    return new Guard(primary, budgetMs, (cause) => silences.push(cause))
  }

  beforeEach(() => {
    clock = sinon.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
    })
    primary = new FakePrimary()
    silences = []
    guard = guardOf(BUDGET_MS)
  })

  afterEach(() => {
    guard.drop()
    clock.restore()
  })

  const size = (redis: CacheClient) => redis.size()

  /** Lets a fake time pass, and real turns of the event loop with it. */
  async function pass(milliseconds: number): Promise<void> {
    await clock.tickAsync(milliseconds)
    for (let turns = 0; turns < 3; turns += 1) await turn()
  }

  for (const way of ['send', 'serve'] as const) {
    describe(way, () => {
      it('runs a command on Redis, and settles as it does', async () => {
        expect(await guard[way]((redis) => Promise.resolve(redis))).to.equal(primary)
        const cause = new Error('no')
        expect(await rejection(guard[way](() => Promise.reject(cause)))).to.equal(cause)
      })

      it('gives a command up that has used up its budget', async () => {
        primary.freeze()
        const failed = rejection(guard[way](size))
        await pass(BUDGET_MS + 1)
        const error = await failed
        expect(error).to.be.instanceOf(CommandTimeoutError)
        expect(error).to.have.property('message', 'No answer within 20 ms')
        // It fails behind the back of the one who asked.
        guard.drop()
        await turn()
      })
    })
  }

  describe('while traffic is let back', () => {
    function serve(count: number): Promise<PromiseSettledResult<number>[]> {
      return Promise.allSettled(Array.from({ length: count }, () => guard.serve(size)))
    }

    it('has room for some commands of the application at first, and for more as those are answered', async () => {
      guard = guardOf(5000)
      guard.beginRamp()
      primary.freeze()
      const first = serve(100)
      await turn()
      expect(primary.count('size')).to.equal(64)
      primary.thaw()
      expect((await first).filter(({ status }) => status === 'fulfilled')).to.have.length(64)
      primary.freeze()
      const second = serve(200)
      await turn()
      expect(primary.count('size')).to.equal(64 + 128)
      primary.thaw()
      await second
    })

    it('turns the others away at once, and sends nothing later than it was asked for', async () => {
      guard.beginRamp()
      primary.freeze()
      const answers = serve(100)
      await pass(BUDGET_MS + 1)
      const reasons = (await answers).map((answer): unknown =>
        answer.status === 'rejected' ? answer.reason : answer,
      )
      // Only those that were sent say anything of Redis.
      for (const reason of reasons.slice(0, 64)) expect(reason).to.be.instanceOf(CommandTimeoutError)
      for (const reason of reasons.slice(64)) expect(reason).to.be.instanceOf(NoRoomError)
      primary.thaw()
      await guard.serve(size)
      expect(primary.count('size')).to.equal(65)
    })

    it('sends what is our own business at once', async () => {
      guard = guardOf(5000)
      guard.beginRamp()
      primary.freeze()
      const answers = Promise.all(Array.from({ length: 100 }, () => guard.send(size)))
      await turn()
      expect(primary.count('size')).to.equal(100)
      primary.thaw()
      await answers
    })

    it('fails whoever waits at once when the connection is lost', async () => {
      guard = guardOf(5000)
      guard.beginRamp()
      primary.freeze()
      const answers = serve(100)
      await turn()
      primary.crash()
      for (const answer of await answers) {
        expect(answer).to.have.property('reason').that.is.not.instanceOf(CommandTimeoutError)
      }
    })

    it('is over in a few round trips: then all is sent at once', async () => {
      guard = guardOf(5000)
      guard.beginRamp()
      for (let round = 0; round < 5; round += 1) await serve(2000)
      primary.freeze()
      primary.calls.length = 0
      const answers = serve(3000)
      await turn()
      expect(primary.count('size')).to.equal(3000)
      primary.thaw()
      await answers
    })

    it('is over after a second, however few have been answered', async () => {
      guard = guardOf(5000)
      guard.beginRamp()
      await pass(1001)
      await serve(1)
      primary.freeze()
      const answers = serve(100)
      await turn()
      expect(primary.count('size')).to.equal(101)
      primary.thaw()
      await answers
    })

    it('begins anew each time', async () => {
      guard = guardOf(5000)
      guard.beginRamp()
      await serve(2000)
      guard.beginRamp()
      primary.freeze()
      primary.calls.length = 0
      const answers = serve(100)
      await turn()
      expect(primary.count('size')).to.equal(64)
      primary.thaw()
      await answers
    })
  })

  describe('while nothing is answered', () => {
    beforeEach(() => {
      guard = guardOf(200)
      primary.freeze()
    })

    it('says so before anybody has used up the budget, once', async () => {
      const answers = Promise.allSettled([guard.serve(size), guard.serve(size)])
      await pass(75)
      expect(silences).to.deep.equal([])
      await pass(35)
      expect(silences).to.have.length(1)
      expect(silences[0]).to.be.instanceOf(CommandTimeoutError)
      primary.thaw()
      await answers
      await pass(1000)
      expect(silences).to.have.length(1)
    })

    it('says nothing as long as something is, be it another command', async () => {
      const answer = guard.serve(size)
      for (let count = 0; count < 9; count += 1) {
        primary.received += 1
        await pass(20)
      }
      primary.thaw()
      await answer
      expect(silences).to.deep.equal([])
    })

    it('says nothing of a Redis that is far away, once it knows how far', async () => {
      const first = guard.send(size)
      await pass(120)
      primary.thaw()
      await first
      silences.length = 0
      primary.freeze()
      const answer = guard.serve(size)
      await pass(150)
      primary.thaw()
      await answer
      expect(silences).to.deep.equal([])
    })
  })

  it('is idle when all that is under way has been answered or given up', async () => {
    let isIdle = false
    await guard.idle()
    primary.freeze()
    const answer = guard.send(size).catch(String)
    void guard.idle().then(() => (isIdle = true))
    await turn()
    expect(isIdle).to.equal(false)
    await pass(BUDGET_MS + 1)
    await answer
    expect(isIdle).to.equal(true)
  })

  describe('by the clock', () => {
    let outcome: string | undefined

    beforeEach(() => {
      outcome = undefined
    })

    function note(work: Promise<unknown>): void {
      work.then(
        (value) => (outcome = `resolved: ${String(value)}`),
        (error: unknown) => (outcome = String(error)),
      )
    }

    async function isGivenUpAfter(milliseconds: number): Promise<void> {
      await pass(milliseconds - 1)
      expect(outcome).to.equal(undefined)
      await pass(2)
      expect(outcome).to.match(/^CommandTimeoutError/)
    }

    it('waits for something within the budget', async () => {
      note(guard.wait(NEVER))
      await isGivenUpAfter(BUDGET_MS)
      note(guard.wait(Promise.resolve('value')))
      await pass(0)
      expect(outcome).to.equal('resolved: value')
    })

    it('waits within a second where nobody waits for it', async () => {
      note(guard.waitLonger(NEVER))
      await isGivenUpAfter(1000)
    })

    it('waits within the budget also then where that is longer', async () => {
      note(guardOf(3000).waitLonger(NEVER))
      await isGivenUpAfter(3000)
    })

    it('probes for a second', async () => {
      primary.freeze()
      note(guard.probe(CAUSE))
      await isGivenUpAfter(1000)
      expect(primary.calls).to.deep.equal(['ping'])
    })

    it('probes on for as long as bytes arrive, and for a second more', async () => {
      primary.freeze()
      note(guard.probe(CAUSE))
      for (let second = 0; second < 5; second += 1) {
        await pass(900)
        primary.received += 1
        await pass(100)
      }
      await pass(900)
      expect(outcome).to.equal(undefined)
      await pass(200)
      expect(outcome).to.match(/^CommandTimeoutError/)
      expect(primary.calls).to.deep.equal(['ping'])
    })

    it('probes for a second where nobody counts the bytes', async () => {
      primary.freeze()
      const { store } = primary
      guard = new Guard(Object.assign(store, { ping: () => NEVER }), BUDGET_MS, () => undefined)
      note(guard.probe(CAUSE))
      await isGivenUpAfter(1000)
    })

    it('takes an error for no answer to the probe, and rejects with why there was one', async () => {
      note(guard.probe(CAUSE))
      await pass(0)
      expect(outcome).to.equal('resolved: undefined')
      primary.failing.add('ping')
      note(guard.probe(CAUSE))
      await pass(0)
      expect(outcome).to.equal(String(CAUSE))
    })
  })

  describe('on a Redis that is slow again and again', () => {
    const tooOften = `Error: Slow again and again: ${CAUSE.message}`

    /** How long a new connection is not put to use, in milliseconds; or what it fails with. */
    async function admission(): Promise<unknown> {
      const begun = performance.now()
      const admitted = guard.admit().then(() => performance.now() - begun)
      const outcome = admitted.catch((error: unknown) => String(error))
      await clock.tickAsync(5000)
      return outcome
    }

    async function probeTooOften(): Promise<void> {
      for (let probes = 0; probes < 4; probes++) await guard.probe(CAUSE)
      expect(String(await rejection(guard.probe(CAUSE)))).to.equal(tooOften)
    }

    it('puts a new connection to use at once before that is known', async () => {
      for (let probes = 0; probes < 4; probes++) await guard.probe(CAUSE)
      expect(await admission()).to.equal(0)
      expect(primary.count('ping')).to.equal(4)
    })

    it('takes the fifth answered probe within four seconds for none', probeTooOften)

    it('does not count the probes that were not answered', async () => {
      primary.failing.add('ping')
      for (let failing = 0; failing < 5; failing++) await rejection(guard.probe(CAUSE))
      primary.failing.clear()
      for (let probes = 0; probes < 4; probes++) await guard.probe(CAUSE)
    })

    it('puts a new connection to use when it has answered briskly for half a second', async () => {
      await probeTooOften()
      primary.latencyMs = 7
      expect(await admission()).to.be.within(500, 600)
    })

    it('does not where an answer takes more than 40 % of the budget', async () => {
      await probeTooOften()
      primary.latencyMs = 9
      expect(await admission()).to.equal('Error: Slow again and again: No answer within 8 ms')
    })

    it('does not where the connection fails, nor where it was dropped meanwhile', async () => {
      await probeTooOften()
      primary.failing.add('ping')
      expect(await admission()).to.equal('Error: down')
      primary.failing.clear()
      setTimeout(() => {
        guard.drop()
      }, 250)
      expect(await admission()).to.match(/^Error: Disconnected/)
    })
  })

  it('drops the connection: what is under way fails at once', async () => {
    guard = guardOf(5000)
    await primary.connect()
    primary.freeze()
    const answer = guard.send(size)
    guard.drop()
    expect(await rejection(answer)).to.have.property('message', 'disconnected')
    expect(primary.isConnected).to.equal(false)
  })
})
