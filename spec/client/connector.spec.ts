import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import sinon from 'sinon'
import { Connector } from '../../lib/client/connector'
import { eventually } from '../support/eventually'
import { FakePrimary } from '../support/fake-primary'
import { rejection } from '../support/rejection'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

describe('Connector', () => {
  failOnUnhandledRejections()

  let clock: sinon.SinonFakeTimers
  let random: sinon.SinonStub<[], number>
  let primary: FakePrimary
  let connector: Connector
  let heard: string[]
  /** When the attempts began. */
  let attempts: number[]

  beforeEach(() => {
    clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    random = sinon.stub(Math, 'random').returns(1)
    primary = new FakePrimary()
    heard = []
    attempts = []
    const connect = primary.connect.bind(primary)
    primary.connect = () => {
      attempts.push(Math.round(performance.now()))
      return connect()
    }
    connector = connectorOf({})
  })

  afterEach(() => {
    connector.stop()
    random.restore()
    clock.restore()
  })

  function connectorOf({
    commandTimeoutMs = 20,
    triesAgain = true,
    admit = () => Promise.resolve(),
    onConnected = () => Promise.resolve(),
  }) {
    return new Connector(primary, {
      commandTimeoutMs,
      admit,
      onConnected: () => {
        heard.push('connected')
        return onConnected()
      },
      onFailed: (cause) => {
        heard.push(String(cause))
        if (triesAgain) connector.retry()
      },
    })
  }

  /** Lets a fake time pass, and real turns of the event loop with it. */
  async function pass(milliseconds: number): Promise<void> {
    for (let turns = 0; turns < 3; turns += 1) await turn()
    await clock.tickAsync(milliseconds)
    for (let turns = 0; turns < 3; turns += 1) await turn()
  }

  function gaps(): number[] {
    return attempts.slice(1).map((at, index) => at - Number(attempts[index]))
  }

  describe('at the start', () => {
    it('leaves the application the turn in which it starts', async () => {
      const starting = connector.start()
      await Promise.resolve()
      expect(attempts).to.deep.equal([])
      await starting
      expect(attempts).to.have.length(1)
    })

    it('is done when what follows the connection is', async () => {
      let finish: () => void = () => undefined
      connector = connectorOf({ onConnected: () => new Promise((resolve) => (finish = resolve)) })
      let isDone = false
      void connector.start().then(() => (isDone = true))
      await pass(0)
      expect(heard).to.deep.equal(['connected'])
      expect(isDone).to.equal(false)
      finish()
      await pass(0)
      expect(isDone).to.equal(true)
    })

    it('says nothing of a connection before it may be put to use, and that the attempt has failed where it may not', async () => {
      let answer: { admit: () => void; refuse: (cause: Error) => void } | undefined
      const admit = () =>
        new Promise<void>((resolve, reject) => (answer = { admit: resolve, refuse: reject }))
      connector = connectorOf({ admit })
      void connector.start()
      await pass(0)
      expect(heard).to.deep.equal([])
      answer?.refuse(new Error('too slow'))
      await pass(0)
      expect(heard).to.deep.equal(['Error: too slow'])
      await pass(50)
      answer?.admit()
      await pass(0)
      expect(heard).to.deep.equal(['Error: too slow', 'connected'])
    })

    it('is done when the attempt has failed, which it says', async () => {
      primary.mode = 'down'
      await connector.start()
      expect(heard).to.deep.equal(['Error: down'])
    })

    it('tries nothing when it was stopped in that turn', async () => {
      const starting = connector.start()
      connector.stop()
      await starting
      expect(attempts).to.deep.equal([])
    })
  })

  describe('again and again', () => {
    it('tries more and more seldom, from 50 ms to 400', async () => {
      primary.mode = 'down'
      await connector.start()
      await pass(2000)
      expect(gaps()).to.deep.equal([50, 100, 200, 400, 400, 400, 400])
    })

    it('counts the time that the last attempt took as part of the wait', async () => {
      primary.freeze()
      void connector.start()
      // The first is given up after 400 ms: the next one follows at once.
      await pass(410)
      expect(attempts).to.have.length(2)
      expect(gaps()[0]).to.be.within(400, 405)
    })

    it('makes no attempt while there is one', async () => {
      primary.freeze()
      void connector.start()
      await pass(1)
      connector.retry()
      connector.retry()
      await pass(390)
      expect(attempts).to.have.length(1)
    })

    it('makes one attempt, however often it is told to', async () => {
      connector.retry()
      connector.retry()
      connector.retry()
      await pass(1000)
      expect(heard).to.deep.equal(['connected'])
    })

    it('begins with the shortest wait after the connection has proven itself, and only then', async () => {
      primary.mode = 'down'
      await connector.start()
      await pass(1000)
      primary.mode = 'up'
      await eventually(async () => {
        await pass(50)
        return heard.at(-1) === 'connected'
      })
      attempts.length = 0
      connector.retry()
      await pass(1000)
      const begun = performance.now()
      connector.succeeded()
      attempts.length = 0
      connector.retry()
      await pass(60)
      expect(attempts).to.deep.equal([Math.round(begun) + 50])
    })

    it('tries more seldom at a server with many connections', async () => {
      primary.crowd = 1000
      await connector.start()
      connector.succeeded()
      primary.mode = 'down'
      await turn()
      connector.retry()
      attempts.length = 0
      await pass(10_000)
      expect(gaps().slice(0, 6)).to.deep.equal([100, 200, 400, 800, 1000, 1000])
    })

    for (const [which, connections] of [
      ['does not tell', undefined],
      ['does not answer', () => Promise.reject(new Error('no'))],
      [
        'fails at once',
        () => {
          throw new Error('no')
        },
      ],
    ] as const) {
      it(`does without the number of connections where the client ${which}`, async () => {
        Object.assign(primary, { connections })
        await connector.start()
        connector.succeeded()
        primary.mode = 'down'
        connector.retry()
        await pass(5000)
        expect(Math.max(...gaps())).to.equal(400)
      })
    }
  })

  describe('an attempt that nobody answers', () => {
    /** How long one is waited for, once those before have taken so long. */
    async function limitAfter(...tookMs: number[]): Promise<number> {
      for (const milliseconds of tookMs) {
        primary.freeze()
        const connecting = connector.connect()
        await pass(milliseconds)
        primary.thaw()
        await pass(0)
        await connecting
      }
      return limit()
    }

    async function limit(): Promise<number> {
      primary.freeze()
      const begun = performance.now()
      let took: number | undefined
      const failed = rejection(connector.connect()).then((error) => {
        took = performance.now() - begun
        return error
      })
      for (let count = 0; took === undefined && count < 1000; count += 1) await pass(10)
      expect(await failed).to.have.property('code', 'command_timeout')
      primary.mode = 'up'
      return Math.round(Number(took) / 100) * 100
    }

    it('is given more and more, over and over, as long as it is not known how long one takes', async () => {
      const limits = [await limitAfter()]
      for (let count = 0; count < 4; count += 1) limits.push(await limit())
      expect(limits).to.deep.equal([400, 800, 1600, 2000, 400])
    })

    it('is given 400 ms once one has come about', async () => {
      expect(await limitAfter(1)).to.equal(400)
    })

    it('is given four times the budget of a command where that is longer', async () => {
      connector = connectorOf({ commandTimeoutMs: 200 })
      expect(await limitAfter(1)).to.equal(800)
    })

    it('is given three times what one takes where that is longer', async () => {
      expect(await limitAfter(300)).to.equal(900)
    })

    it('is given two seconds every now and then, in case that connecting has become slower', async () => {
      await limitAfter(1)
      const limits: number[] = []
      for (let count = 0; count < 50; count += 1) limits.push(await limit())
      expect(limits.filter((one) => one === 2000)).to.have.length(2)
      expect(limits.filter((one) => one === 400)).to.have.length(48)
    })

    it('is dropped, and its connection with it', async () => {
      primary.freeze()
      const failed = rejection(connector.connect())
      await pass(2010)
      await failed
      primary.thaw()
      await pass(0)
      expect(primary.isConnected).to.equal(false)
    })

    it('is let out before the next one begins, but not waited for without end', async () => {
      let letOut: (error: Error) => void = () => undefined
      primary.connect = () => {
        attempts.push(performance.now())
        return new Promise<void>((_, reject) => (letOut = reject))
      }
      void connector.start()
      await pass(1000)
      expect(heard).to.deep.equal(['CommandTimeoutError: No answer within 400 ms'])
      expect(attempts).to.have.length(1)
      letOut(new Error('disconnected'))
      await pass(0)
      expect(attempts).to.have.length(2)
      await pass(5000)
      expect(attempts).to.have.length(3)
    })
  })

  describe('once it is stopped', () => {
    it('tries no more', async () => {
      primary.mode = 'down'
      await connector.start()
      const timers = clock.countTimers()
      connector.stop()
      expect(clock.countTimers()).to.equal(timers - 1)
      await pass(5000)
      expect(attempts).to.have.length(1)
    })

    it('says nothing of an attempt that was under way, whatever comes of it', async () => {
      for (const mode of ['up', 'down'] as const) {
        connector = connectorOf({})
        primary.freeze()
        void connector.start()
        await pass(1)
        connector.stop()
        primary.thaw()
        primary.mode = mode
        await pass(5000)
      }
      expect(heard).to.deep.equal([])
    })

    it('makes the one attempt that it is asked for, and leaves what follows to the one who asked', async () => {
      connector.stop()
      await connector.connect()
      expect(primary.isConnected).to.equal(true)
      primary.mode = 'down'
      expect(await rejection(connector.connect())).to.have.property('message', 'down')
      expect(heard).to.deep.equal([])
    })
  })
})
