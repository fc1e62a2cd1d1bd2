import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import { CommandRefusedError } from 'holdfast'
import type { ClientEvents, ClientState } from 'holdfast'
import type { Handover } from '../../lib/client/command'
import { HistoryProof } from '../../lib/client/history-proof'
import { Journal } from '../../lib/client/journal'
import { MemoryClient } from '../../lib/client/memory-client'
import { ResilientClient } from '../../lib/client/resilient-client'
import { systemClock } from '../../lib/clock'
import { eventually } from '../support/eventually'
import { FakePrimary } from '../support/fake-primary'
import { RecordingLogger } from '../support/recording-logger'
import { atOnce, drop, ground, load, reached, read, readAll, write } from '../support/resilient-calls'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

const LONG_MS = 60_000
const BUDGET_MS = 20
const STAMPING = { counter: 'counter', stamps: ['tag'], ttlMs: LONG_MS }
const EVERYTHING = { counter: 'counter', stamps: ['floor'], ttlMs: LONG_MS }

// The same against a real redis-server is in outages.spec.ts.
describe('ResilientClient', () => {
  failOnUnhandledRejections()

  const clients: ResilientClient[] = []
  let primary: FakePrimary
  let logger: RecordingLogger
  let states: ClientState[]
  let heard: object[]

  beforeEach(() => {
    primary = new FakePrimary()
    logger = new RecordingLogger()
    states = []
    heard = []
  })

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()))
  })

  function start(
    over: { primary: FakePrimary | undefined; commandTimeoutMs?: number } = { primary },
  ): ResilientClient {
    const client = new ResilientClient({
      primary: over.primary,
      memory: new MemoryClient({ maxEntries: 1000, maxBytes: 100_000 }, systemClock),
      journal: new Journal(100, EVERYTHING),
      history: new HistoryProof('anchor:', 100),
      commandTimeoutMs: over.commandTimeoutMs ?? BUDGET_MS,
      logger,
    })
    clients.push(client)
    client.on('state', ({ to }) => states.push(to))
    client.on('degraded', ({ cause }: ClientEvents['degraded']) => heard.push({ degraded: cause.message }))
    client.on('recovered', ({ replayed, everything }: ClientEvents['recovered']) =>
      heard.push({ recovered: replayed, everything }),
    )
    return client
  }

  async function ready(): Promise<ResilientClient> {
    const client = start()
    await reached(client, 'ready')
    return client
  }

  async function suspect(): Promise<ResilientClient> {
    const client = await ready()
    primary.freeze()
    await read(client, 'a')
    expect(client.state).to.equal('suspect')
    return client
  }

  /** Recovering, for as long as the test likes: until `finish` is called. */
  async function recovering(
    commandTimeoutMs = BUDGET_MS,
  ): Promise<{ client: ResilientClient; finish: () => void }> {
    const client = start({ primary, commandTimeoutMs })
    let finish: () => void = () => undefined
    const finished = new Promise<void>((resolve) => (finish = resolve))
    client.onRecovery(handover(() => finished))
    await reached(client, 'recovering')
    return { client, finish }
  }

  const WAYS: Record<ClientState, () => Promise<ResilientClient>> = {
    memory: () => Promise.resolve(start({ primary: undefined })),
    connecting: () => {
      primary.freeze()
      return Promise.resolve(start())
    },
    ready,
    suspect,
    degraded: async () => {
      primary.crash()
      const client = start()
      await reached(client, 'degraded')
      return client
    },
    recovering: async () => (await recovering()).client,
    closed: async () => {
      const client = await ready()
      await client.close()
      return client
    },
  }

  describe('without Redis', () => {
    it('is memory, and warns once that Redis is not configured', async () => {
      const client = start({ primary: undefined })
      expect(client.state).to.equal('memory')
      expect(await write(client, 'a', '1')).to.equal('memory')
      expect(await client.invalidate(STAMPING)).to.equal('memory')
      expect(await drop(client, 'b')).to.equal('memory')
      expect(await read(client, 'a')).to.equal('1')
      expect(await client.ask((redis) => redis.size())).to.equal(undefined)
      await client.close()
      expect(logger.lines).to.deep.equal([{ level: 'warn', message: 'Redis not configured' }])
      expect(states).to.deep.equal(['closed'])
    })
  })

  describe('while it is connecting', () => {
    it('serves from memory without waiting', async () => {
      primary.freeze()
      const client = start()
      expect(await atOnce(write(client, 'a', '1'))).to.equal('memory')
      expect(await atOnce(read(client, 'a'))).to.equal('1')
      expect(await atOnce(ground(client, STAMPING))).to.match(/\.0$/)
      expect(client.state).to.equal('connecting')
    })

    it('is ready once it is connected, and says so once', async () => {
      const client = await ready()
      expect(states).to.deep.equal(['recovering', 'ready'])
      expect(logger.lines).to.deep.equal([{ level: 'info', message: 'Redis client connected' }])
      expect(heard).to.deep.equal([])
      expect(client.lastCause).to.equal(undefined)
    })

    it('leaves alone in Redis what was only loaded meanwhile: it is as good', async () => {
      await primary.store.set('a', Buffer.from('shared'), LONG_MS)
      primary.freeze()
      const client = start()
      expect(await load(client, 'a', 'loaded')).to.equal('memory')
      primary.thaw()
      await reached(client, 'ready')
      expect(await read(client, 'a')).to.equal('shared')
    })

    it('takes away from Redis what was written meanwhile, older than which is all that Redis has', async () => {
      await primary.store.set('a', Buffer.from('old'), LONG_MS)
      primary.freeze()
      const client = start()
      await write(client, 'a', 'new')
      primary.thaw()
      await reached(client, 'ready')
      expect(await read(client, 'a')).to.equal(undefined)
    })
  })

  describe('asked for what memory has no answer to', () => {
    it('waits for the first connection, once', async () => {
      primary.latencyMs = 2
      const client = start()
      expect(await client.ask((redis) => redis.size())).to.be.a('number')
      expect(client.state).to.equal('ready')
    })

    it('does not wait for longer than the budget of a command, and not at all once that is used up', async () => {
      primary.freeze()
      const client = start()
      expect(await client.ask((redis) => redis.size())).to.equal(undefined)
      expect(await atOnce(client.ask((redis) => redis.size()))).to.equal(undefined)
      expect(client.state).to.equal('connecting')
    })

    it('does not wait for a Redis that comes back', async () => {
      const client = await WAYS.degraded()
      expect(await atOnce(client.ask((redis) => redis.size()))).to.equal(undefined)
    })
  })

  describe('the era', () => {
    it('is another one each time that the store which serves is another one, and only then', async () => {
      const client = start()
      const eras = [client.era]
      client.on('state', () => eras.push(client.era))
      await reached(client, 'ready')
      primary.crash()
      primary.mode = 'up'
      await reached(client, 'ready')
      expect(states).to.deep.equal(['recovering', 'ready', 'degraded', 'recovering', 'ready'])
      expect(eras).to.deep.equal([0, 0, 1, 2, 2, 3])
    })
  })

  describe('while it is ready', () => {
    it('reads from Redis and writes to it', async () => {
      const client = await ready()
      expect(await write(client, 'a', '1')).to.equal('redis')
      expect(await read(client, 'a')).to.equal('1')
      expect(await primary.text('a')).to.equal('1')
      const before = await ground(client, STAMPING)
      expect(await client.invalidate(STAMPING)).to.equal('redis')
      expect(await primary.text('tag')).to.equal(before.replace(/\.0$/, '.1'))
      expect(await drop(client, 'a')).to.equal('redis')
      expect(await read(client, 'a')).to.equal(undefined)
      // The counter, the stamp, and the anchor of the history proof.
      expect(await client.ask((redis) => redis.size())).to.equal(3)
    })

    it('has nothing left of what memory stood in with', async () => {
      primary.freeze()
      const client = start()
      await write(client, 'a', 'from memory')
      primary.thaw()
      await reached(client, 'ready')
      primary.crash()
      await reached(client, 'degraded')
      expect(await read(client, 'a')).to.equal(undefined)
    })

    it('finds out by itself that Redis no longer answers', async () => {
      const client = await ready()
      primary.freeze()
      await reached(client, 'degraded')
      expect(states).to.deep.equal(['recovering', 'ready', 'suspect', 'degraded'])
    })

    it('logs a refused command once, and stays ready', async () => {
      const client = await ready()
      await primary.store.set('a', Buffer.from('in Redis'), LONG_MS)
      primary.refuses.add('getMany')
      for (let attempt = 0; attempt < 3; attempt += 1) expect(await read(client, 'a')).to.equal(undefined)
      expect(logger.lines.slice(1)).to.deep.equal([
        { level: 'error', message: 'Redis client error', details: { cause: 'getMany refused' } },
      ])
      expect(client.state).to.equal('ready')
      expect(heard).to.deep.equal([])
    })

    it("takes Redis's older value away where Redis refuses the new one, which then stands nowhere", async () => {
      const client = await ready()
      await write(client, 'a', 'old')
      primary.refuses.add('set')
      expect(await write(client, 'a', 'new')).to.equal('none')
      expect(await read(client, 'a')).to.equal(undefined)
      expect(client.state).to.equal('ready')
    })

    for (const verb of ['delete', 'stamp'] as const) {
      it(`does not use a Redis that refuses a ${verb}, until it takes it`, async () => {
        const client = await ready()
        await write(client, 'a', 'old')
        const before = await ground(client, STAMPING)
        primary.refuses.add(verb)
        expect(await (verb === 'delete' ? drop(client, 'a') : client.invalidate(STAMPING))).to.equal('memory')
        expect(client.state).to.equal('degraded')
        await eventually(() => primary.count(verb) > 2)
        expect(states.filter((state) => state === 'ready')).to.have.length(1)
        primary.refuses.clear()
        await reached(client, 'ready')
        if (verb === 'delete') expect(await read(client, 'a')).to.equal(undefined)
        else expect(await read(client, 'tag')).to.equal(before.replace(/\.0$/, '.1'))
      })
    }
  })

  describe('just after it has come back', () => {
    it('turns away what it has no room for yet, stays ready, and finds none of it in the next outage', async () => {
      const client = await ready()
      primary.latencyMs = 5
      const crowd = Array.from({ length: 64 }, () => read(client, 'b'))
      expect(await load(client, 'a', 'turned away')).to.equal('memory')
      // Redis is told of a change behind: who makes it does not wait for that.
      expect(await atOnce(write(client, 'c', 'turned away'))).to.equal('memory')
      await Promise.all(crowd)
      expect(client.state).to.equal('ready')
      primary.crash()
      expect(await read(client, 'a')).to.equal(undefined)
    })
  })

  describe('when Redis has forgotten what it acknowledged', () => {
    it('finds it out by itself within a second, and has the changes there again before it reads on', async () => {
      const client = await ready()
      await primary.store.set('a', Buffer.from('old'), LONG_MS)
      await eventually(() => primary.count('set') > 1)
      const goBack = await primary.snapshot()
      await drop(client, 'a')
      await eventually(() => primary.count('set') > 2)
      const firstRead = new Promise((resolve) => {
        client.on('state', ({ to }) => {
          if (to === 'ready') resolve(read(client, 'a'))
        })
      })
      await goBack()
      expect(await primary.text('a')).to.equal('old')
      const begun = performance.now()
      expect(await firstRead).to.equal(undefined)
      expect(performance.now() - begun).to.be.below(1000)
      expect(states).to.deep.equal(['recovering', 'ready', 'recovering', 'ready'])
      expect(logger.lines.slice(1)).to.deep.equal([
        {
          level: 'warn',
          message: 'Redis has gone back in time: what was changed since is brought again',
          details: { changes: 1 },
        },
      ])
    })

    it('remembers also the changes that it carried over, and the writes', async () => {
      const client = await WAYS.degraded()
      const goBack = await (async () => {
        for (const key of ['dropped', 'written']) await primary.store.set(key, Buffer.from('old'), LONG_MS)
        return primary.snapshot()
      })()
      await drop(client, 'dropped')
      primary.mode = 'up'
      await reached(client, 'ready')
      expect(await write(client, 'written', 'new')).to.equal('redis')
      primary.crash()
      await goBack()
      primary.mode = 'up'
      await reached(client, 'ready')
      expect(await readAll(client, 'dropped', 'written')).to.deep.equal(['undefined', 'undefined'])
    })

    it('tells the parts with state of their own that it is not complete, and otherwise that it is', async () => {
      const client = start()
      const told: boolean[] = []
      client.onRecovery(
        handover((_, lacksSince) => {
          told.push(lacksSince === Infinity)
          return Promise.resolve()
        }),
      )
      await reached(client, 'ready')
      // A hiccup on the same connection.
      primary.freeze()
      await read(client, 'a')
      primary.thaw()
      await reached(client, 'ready')
      primary.store.clear()
      await eventually(() => told.length === 3)
      await reached(client, 'ready')
      primary.crash()
      primary.mode = 'up'
      await reached(client, 'ready')
      expect(told).to.deep.equal([false, true, false, false])
    })
  })

  describe('when a command runs out of its budget', () => {
    it('answers from memory, is suspect, and sends one probe, however many commands are late', async () => {
      const client = await ready()
      primary.freeze()
      primary.calls.length = 0
      const reads = Array.from({ length: 5 }, () => read(client, 'a'))
      expect(await Promise.all(reads)).to.deep.equal(Array.from({ length: 5 }, () => undefined))
      expect(client.state).to.equal('suspect')
      expect(primary.count('ping')).to.equal(1)
    })

    it('lets nobody wait who comes later', async () => {
      const client = await suspect()
      expect(await atOnce(write(client, 'a', '1'))).to.equal('memory')
      expect(await atOnce(read(client, 'a'))).to.equal('1')
      expect(await atOnce(client.invalidate(STAMPING))).to.equal('memory')
      expect(client.state).to.equal('suspect')
      await reached(client, 'degraded')
      expect(await atOnce(drop(client, 'a'))).to.equal('memory')
      expect(await atOnce(read(client, 'a'))).to.equal(undefined)
    })

    it('is ready again on the same connection when the probe is answered, with nothing to log', async () => {
      const client = await suspect()
      await drop(client, 'a')
      primary.thaw()
      await reached(client, 'ready')
      expect(states).to.deep.equal(['recovering', 'ready', 'suspect', 'recovering', 'ready'])
      expect(primary.count('connect')).to.equal(1)
      expect(logger.lines).to.have.length(1)
      expect(heard).to.deep.equal([])
    })

    it('takes it for an outage when that comes again and again, and Redis back once it has answered for a while', async () => {
      const client = await ready()
      for (let hiccup = 1; hiccup <= 5; hiccup++) {
        primary.freeze()
        await read(client, 'a')
        primary.thaw()
        await reached(client, hiccup < 5 ? 'ready' : 'degraded')
      }
      expect(client.lastCause).to.match(/^Slow again and again: No answer within \d+ ms$/)
      expect(heard).to.deep.equal([{ degraded: client.lastCause }])
      expect(await atOnce(drop(client, 'a'))).to.equal('memory')
      const begun = performance.now()
      await reached(client, 'ready')
      expect(performance.now() - begun).to.be.greaterThan(450)
      expect(heard.slice(1)).to.deep.equal([{ recovered: 1, everything: false }])
      expect(logger.lines.filter(({ level }) => level === 'error')).to.have.length(1)
    })

    it('brings over what changed meanwhile before it is ready again', async () => {
      await primary.store.set('a', Buffer.from('old'), LONG_MS)
      const client = await suspect()
      await drop(client, 'a')
      primary.thaw()
      await reached(client, 'ready')
      expect(await read(client, 'a')).to.equal(undefined)
    })

    it('is degraded when the probe is not answered either, for the reason why it was suspect', async () => {
      const client = await suspect()
      await reached(client, 'degraded')
      expect(client.lastCause).to.match(/^No answer within \d+ ms$/)
      expect(heard).to.deep.equal([{ degraded: client.lastCause }])
      expect(logger.lines.slice(1)).to.deep.equal([
        { level: 'error', message: 'Redis client error', details: { cause: client.lastCause } },
      ])
    })

    it('is suspect well before the budget is used up where nobody is answered any more', async () => {
      const client = start({ primary, commandTimeoutMs: 1000 })
      await reached(client, 'ready')
      primary.freeze()
      const begun = performance.now()
      const first = read(client, 'a')
      await reached(client, 'suspect')
      expect(performance.now() - begun).to.be.below(900)
      expect(await atOnce(read(client, 'a'))).to.equal(undefined)
      primary.thaw()
      await first
    })

    it('is patient for longer than any caller has to be', async () => {
      const client = await suspect()
      await drop(client, 'a')
      const begun = performance.now()
      // Ten budgets of a command.
      await eventually(() => performance.now() - begun > 10 * BUDGET_MS)
      expect(client.state).to.equal('suspect')
      primary.thaw()
      await reached(client, 'ready')
      expect(primary.count('connect')).to.equal(1)
    })

    it('is not degraded as long as bytes arrive, be the answer as long as it may', async () => {
      const client = await suspect()
      const begun = performance.now()
      await eventually(() => {
        primary.received += 1
        return performance.now() - begun > 1500
      })
      expect(client.state).to.equal('suspect')
      primary.thaw()
      await reached(client, 'ready')
      expect(heard).to.deep.equal([])
    })

    it('counts the outage from then on, not from when it was certain', async () => {
      const outages: number[] = []
      const client = await suspect()
      client.on('recovered', ({ outageMs }) => outages.push(outageMs))
      await reached(client, 'degraded')
      primary.mode = 'up'
      await reached(client, 'ready')
      expect(outages[0]).to.be.above(900)
    })

    it('takes a write that was late for one that may have been done: it is made void', async () => {
      const client = await ready()
      primary.freeze()
      expect(await write(client, 'a', 'late')).to.equal('memory')
      primary.thaw()
      await reached(client, 'ready')
      expect(await primary.text('a')).to.equal(undefined)
    })
  })

  describe('while it is degraded', () => {
    it('begins when the connection is lost, before any command fails', async () => {
      const client = await ready()
      primary.crash()
      expect(client.state).to.equal('degraded')
      expect(client.lastCause).to.equal('connection lost')
      expect(heard).to.deep.equal([{ degraded: 'connection lost' }])
    })

    it('begins with the first command that fails, whose caller memory answers', async () => {
      const client = await ready()
      primary.mode = 'down'
      expect(await write(client, 'a', '1')).to.equal('memory')
      expect(await read(client, 'a')).to.equal('1')
      expect(client.state).to.equal('degraded')
    })

    it('tries again until Redis is back, and logs once for each cause', async () => {
      primary.crash()
      const client = start()
      await eventually(() => primary.count('connect') > 3)
      primary.mode = 'up'
      await reached(client, 'ready')
      expect(
        logger.lines.map(({ level, message, details }) => [level, message, details?.['cause']]),
      ).to.deep.equal([
        ['error', 'Redis client error', 'down'],
        ['info', 'Redis client connected', undefined],
      ])
      expect(heard).to.deep.equal([{ degraded: 'down' }, { recovered: 0, everything: false }])
      expect(states).to.deep.equal(['degraded', 'recovering', 'ready'])
    })

    it('leaves a connection alone that opens and then fails, and tries again', async () => {
      primary.failing.add('set')
      const client = start()
      await eventually(() => primary.count('connect') > 2)
      expect(states).to.not.include('ready')
      primary.failing.clear()
      await reached(client, 'ready')
    })
  })

  describe('while it is recovering', () => {
    it('goes on serving from memory, without waiting', async () => {
      const { client, finish } = await recovering()
      await primary.store.set('a', Buffer.from('from Redis'), LONG_MS)
      expect(await atOnce(read(client, 'a'))).to.equal(undefined)
      expect(await atOnce(write(client, 'b', '1'))).to.equal('memory')
      finish()
      await reached(client, 'ready')
      expect(await read(client, 'a')).to.equal('from Redis')
    })

    it('brings over first what parts with state of their own have, then the journal, then reads', async () => {
      primary.crash()
      const client = start()
      client.onRecovery(handover((send) => send((redis) => redis.raise('number', 5, LONG_MS))))
      client.onRecovery(
        handover(async (send) => {
          await send((redis) => redis.ensureStamps('counter', [], LONG_MS))
        }),
      )
      await drop(client, 'a')
      await client.invalidate(STAMPING)
      await reached(client, 'degraded')
      primary.calls.length = 0
      primary.mode = 'up'
      do {
        await turn()
        await read(client, 'a')
      } while (client.state !== 'ready')
      await read(client, 'a')
      const order = primary.calls.filter((call, index, all) => call !== all[index - 1])
      expect(order.slice(order.lastIndexOf('connect'))).to.deep.equal([
        'connect',
        'set',
        'getMany',
        'raise',
        'ensureStamps',
        'delete',
        'stamp',
        'getMany',
      ])
      expect(heard.at(-1)).to.deep.equal({ recovered: 2, everything: false })
    })

    it('brings over also what changes while it does so', async () => {
      await primary.store.set('a', Buffer.from('old'), LONG_MS)
      const { client, finish } = await recovering()
      await drop(client, 'a')
      finish()
      await reached(client, 'ready')
      expect(await read(client, 'a')).to.equal(undefined)
    })

    it('begins anew for a change that Redis was told of meanwhile, and that fails once it is in use', async () => {
      await primary.store.set('a', Buffer.from('old'), LONG_MS)
      const { client, finish } = await recovering()
      primary.freeze()
      const deleted = drop(client, 'a')
      primary.mode = 'up'
      finish()
      await reached(client, 'ready')
      await deleted
      await eventually(async () => {
        expect(await primary.store.getMany(['a'])).to.deep.equal([undefined])
      })
      await reached(client, 'ready')
    })

    it('begins anew for a change that Redis was told of meanwhile, and refuses once it is in use', async () => {
      await primary.store.set('a', Buffer.from('old'), LONG_MS)
      const { client, finish } = await recovering(5000)
      const carryOut = primary.delete.bind(primary)
      let refuse: (cause: Error) => void = () => undefined
      primary.delete = () => {
        primary.delete = carryOut
        return new Promise((_, reject) => (refuse = reject))
      }
      const deleted = drop(client, 'a')
      finish()
      await reached(client, 'ready')
      refuse(new CommandRefusedError('not now'))
      expect(await deleted).to.equal('memory')
      expect(await read(client, 'a')).to.equal(undefined)
      await reached(client, 'ready')
      expect(await primary.text('a')).to.equal(undefined)
    })

    it('comes to an end, also while changes keep coming', async () => {
      const client = await WAYS.degraded()
      await drop(client, 'first')
      primary.latencyMs = 8
      primary.mode = 'up'
      const changing = new AbortController()
      const changes = (async () => {
        for (let count = 0; !changing.signal.aborted; count += 1) {
          await drop(client, `key ${String(count % 50)}`)
          await turn()
        }
      })()
      try {
        await reached(client, 'ready')
      } finally {
        changing.abort()
        await changes
      }
    })

    it('is degraded again when Redis fails, and begins anew with all that is to be brought over', async () => {
      await primary.store.set('a', Buffer.from('old'), LONG_MS)
      primary.crash()
      const client = start()
      await drop(client, 'a')
      await reached(client, 'degraded')
      primary.failing.add('delete')
      primary.mode = 'up'
      await eventually(() => primary.count('delete') > 1)
      expect(states).to.not.include('ready')
      primary.failing.clear()
      await reached(client, 'ready')
      expect(await read(client, 'a')).to.equal(undefined)
    })

    it('asks a part no longer that has taken its handover back', async () => {
      const client = start()
      const off = client.onRecovery(handover(() => Promise.reject(new Error('never called'))))
      off()
      await reached(client, 'ready')
      expect(logger.messages('error')).to.deep.equal([])
    })

    it('makes everything void where more has changed than the journal holds', async () => {
      primary.crash()
      const client = start()
      await primary.store.ensureStamps('counter', ['floor'], LONG_MS)
      await reached(client, 'degraded')
      await drop(client, ...Array.from({ length: 101 }, (_, index) => `key ${String(index)}`))
      primary.mode = 'up'
      await reached(client, 'ready')
      expect(await read(client, 'floor')).to.match(/\.1$/)
      expect(heard.at(-1)).to.deep.equal({ recovered: 1, everything: true })
      expect(logger.messages('warn')).to.deep.equal([
        'Too much has changed to be noted one by one: Redis will be told that all of it is void',
      ])
    })
  })

  describe('once it is closed', () => {
    for (const [state, reach] of Object.entries(WAYS)) {
      it(`from ${state}, reads miss and writes answer 'none', closed once or twice`, async () => {
        const client = await reach()
        expect(client.state).to.equal(state)
        await write(client, 'a', '1')
        await Promise.all([client.close(), client.close()])
        await client.close()
        expect(client.state).to.equal('closed')
        expect(await readAll(client, 'a', 'b')).to.deep.equal(['undefined', 'undefined'])
        expect(await write(client, 'a', '1')).to.equal('none')
        expect(await drop(client, 'a')).to.equal('none')
        expect(await client.invalidate(STAMPING)).to.equal('none')
        expect(await client.ask((redis) => redis.size())).to.equal(undefined)
        expect(await ground(client, STAMPING)).to.be.a('string')
      })
    }

    it('stays closed, and leaves no connection open that comes about only then', async () => {
      primary.freeze()
      const client = start()
      await eventually(() => primary.count('connect') === 1)
      await client.close()
      primary.thaw()
      await turn()
      expect(states).to.deep.equal(['closed'])
      expect(primary.calls).to.deep.equal(['connect'])
      expect(primary.isConnected).to.equal(false)
    })

    it('has let what was in flight finish', async () => {
      const client = await ready()
      const writing = write(client, 'a', '1')
      await client.close()
      expect(await writing).to.equal('redis')
      expect(await primary.text('a')).to.equal('1')
    })

    it('does not wait longer than the budget for a Redis that no longer answers', async () => {
      const client = await ready()
      primary.freeze()
      await client.close()
      expect(client.state).to.equal('closed')
      expect(primary.isConnected).to.equal(false)
    })

    it('takes its anchor away from Redis', async () => {
      const client = await ready()
      expect(await primary.store.size()).to.equal(1)
      await client.close()
      expect(await primary.store.size()).to.equal(0)
    })

    it('from ready, has brought over what parts with state of their own had not got there', async () => {
      const client = await ready()
      let left = 1
      client.onRecovery({
        bring: (send) => send((redis) => redis.raise('number', 5, LONG_MS)).then(() => void (left = 0)),
        pending: () => left,
      })
      expect(await client.close()).to.deep.equal({ notCarriedOver: 0 })
      expect(await primary.text('number')).to.equal('5')
    })

    it('from connecting, does not wait for an attempt that is never answered', async () => {
      primary.freeze()
      // An attempt is given longer than there is for all that is to be done.
      const client = start({ primary, commandTimeoutMs: 400 })
      await eventually(() => primary.count('connect') === 1)
      await drop(client, 'a')
      primary.mode = 'up'
      expect(await client.close()).to.deep.equal({ notCarriedOver: 0 })
      expect(primary.count('connect')).to.equal(2)
    })

    for (const state of ['connecting', 'suspect', 'degraded'] as const) {
      it(`from ${state}, has brought over what Redis had not got, if Redis is there again`, async () => {
        await primary.store.set('a', Buffer.from('old'), LONG_MS)
        const client = await WAYS[state]()
        expect(client.state).to.equal(state)
        expect(await drop(client, 'a')).to.equal('memory')
        const closing = client.close()
        primary.thaw()
        expect(await closing).to.deep.equal({ notCarriedOver: 0 })
        expect(await primary.text('a')).to.equal(undefined)
        expect(primary.isConnected).to.equal(false)
        expect(logger.messages('warn')).to.deep.equal([])
        expect(states.at(-1)).to.equal('closed')
      })
    }

    it('from recovering, has let the recovery come to its end', async () => {
      await primary.store.set('a', Buffer.from('old'), LONG_MS)
      const client = await WAYS.degraded()
      await drop(client, 'a')
      let finish: () => void = () => undefined
      const finished = new Promise<void>((resolve) => (finish = resolve))
      client.onRecovery(handover(() => finished))
      primary.mode = 'up'
      await reached(client, 'recovering')
      const closing = client.close()
      await turn()
      finish()
      expect(await closing).to.deep.equal({ notCarriedOver: 0 })
      expect(await primary.text('a')).to.equal(undefined)
      expect(primary.isConnected).to.equal(false)
      expect(states.at(-1)).to.equal('closed')
    })

    it('tries once and for a second at the most, whatever Redis has not got', async () => {
      const client = await WAYS.degraded()
      await drop(client, 'a')
      primary.freeze()
      primary.calls.length = 0
      const begun = performance.now()
      expect(await client.close()).to.deep.equal({ notCarriedOver: 1 })
      expect(performance.now() - begun).to.be.within(300, 1500)
      expect(primary.count('connect')).to.equal(1)
    })

    it('says how many changes Redis has not got, those of parts with state of their own among them', async () => {
      const client = await WAYS.degraded()
      client.onRecovery(handover(() => Promise.resolve(), 3))
      await drop(client, 'a', 'b')
      expect(await client.close()).to.deep.equal({ notCarriedOver: 5 })
      expect(await client.close()).to.deep.equal({ notCarriedOver: 5 })
    })

    it('has nothing to carry over where no Redis is configured', async () => {
      const client = start({ primary: undefined })
      await drop(client, 'a')
      client.onRecovery(handover(() => Promise.resolve(), 3))
      expect(await client.close()).to.deep.equal({ notCarriedOver: 0 })
    })

    it('warns of changes that Redis has not got, and of nothing else', async () => {
      primary.crash()
      const client = start()
      await drop(client, 'a', 'b')
      await client.close()
      expect(logger.lines.at(-1)).to.deep.equal({
        level: 'warn',
        message: 'Closed before Redis was back',
        details: { changesNotCarriedOver: 2 },
      })
      primary = new FakePrimary()
      await (await ready()).close()
      expect(logger.messages('warn')).to.have.length(1)
    })
  })

  it('tells each change of state, with the state before it', async () => {
    const client = start()
    const changes: object[] = []
    client.on('state', (change) => changes.push(change))
    await reached(client, 'ready')
    await client.close()
    expect(changes).to.deep.equal([
      { from: 'connecting', to: 'recovering' },
      { from: 'recovering', to: 'ready' },
      { from: 'ready', to: 'closed' },
    ])
  })

  it('is not impressed by a listener that throws', async () => {
    const client = start()
    client.on('state', () => {
      throw new Error('not my business')
    })
    await reached(client, 'ready')
    primary.crash()
    expect(client.state).to.equal('degraded')
    primary.mode = 'up'
    await reached(client, 'ready')
    expect(logger.messages('error')).to.include('Cache listener failed')
  })
})

function handover(bring: Handover['bring'], pending = 0): Handover {
  return { bring, pending: () => pending }
}
