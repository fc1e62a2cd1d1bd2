import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { CommandRefusedError } from 'holdfast'
import type { CacheClient, ClientEvents, ClientState } from 'holdfast'
import { Journal } from '../../lib/client/journal'
import { MemoryClient } from '../../lib/client/memory-client'
import { ResilientClient } from '../../lib/client/resilient-client'
import { systemClock } from '../../lib/clock'
import { eventually } from '../support/eventually'
import { RecordingLogger } from '../support/recording-logger'
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

  function start(over: { primary: CacheClient | undefined } = { primary }): ResilientClient {
    const client = new ResilientClient({
      primary: over.primary,
      memory: new MemoryClient({ maxEntries: 1000, maxBytes: 100_000 }, systemClock),
      journal: new Journal(100, EVERYTHING),
      commandTimeoutMs: BUDGET_MS,
      logger,
    })
    clients.push(client)
    client.on('state', ({ to }) => states.push(to))
    client.on('degraded', ({ cause }: ClientEvents['degraded']) => heard.push({ degraded: cause.message }))
    client.on('recovered', ({ replayed }: ClientEvents['recovered']) => heard.push({ recovered: replayed }))
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
    await client.getMany(['a'])
    expect(client.state).to.equal('suspect')
    return client
  }

  /** Recovering, for as long as the test likes: until `finish` is called. */
  async function recovering(): Promise<{ client: ResilientClient; finish: () => void }> {
    const client = start()
    let finish: () => void = () => undefined
    const finished = new Promise<void>((resolve) => (finish = resolve))
    client.onRecovery(() => finished)
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
      expect(await client.set('a', Buffer.from('1'), LONG_MS)).to.equal('memory')
      expect(await client.stamp(STAMPING)).to.equal('memory')
      expect(await client.delete(['b'])).to.equal('memory')
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
      expect(await atOnce(client.set('a', Buffer.from('1'), LONG_MS))).to.equal('memory')
      expect(await atOnce(read(client, 'a'))).to.equal('1')
      expect(await atOnce(client.ensureStamps(STAMPING))).to.match(/\.0$/)
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
      expect(await client.set('a', Buffer.from('loaded'), LONG_MS, { isChange: false })).to.equal('memory')
      primary.thaw()
      await reached(client, 'ready')
      expect(await read(client, 'a')).to.equal('shared')
    })

    it('takes away from Redis what was written meanwhile, older than which is all that Redis has', async () => {
      await primary.store.set('a', Buffer.from('old'), LONG_MS)
      primary.freeze()
      const client = start()
      await client.set('a', Buffer.from('new'), LONG_MS)
      primary.thaw()
      await reached(client, 'ready')
      expect(await read(client, 'a')).to.equal(undefined)
    })
  })

  describe('while it is ready', () => {
    it('reads from Redis and writes to it', async () => {
      const client = await ready()
      expect(await client.set('a', Buffer.from('1'), LONG_MS)).to.equal('redis')
      expect(await read(client, 'a')).to.equal('1')
      expect(await text(primary.store, 'a')).to.equal('1')
      const before = await client.ensureStamps(STAMPING)
      expect(await client.stamp(STAMPING)).to.equal('redis')
      expect(await text(primary.store, 'tag')).to.equal(before.replace(/\.0$/, '.1'))
      expect(await client.delete(['a'])).to.equal('redis')
      expect(await read(client, 'a')).to.equal(undefined)
      expect(await client.ask((redis) => redis.size())).to.equal(2)
    })

    it('has nothing left of what memory stood in with', async () => {
      primary.freeze()
      const client = start()
      await client.set('a', Buffer.from('from memory'), LONG_MS)
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
      await client.set('a', Buffer.from('old'), LONG_MS)
      primary.refuses.add('set')
      expect(await client.set('a', Buffer.from('new'), LONG_MS)).to.equal('none')
      expect(await read(client, 'a')).to.equal(undefined)
      expect(client.state).to.equal('ready')
    })

    for (const verb of ['delete', 'stamp'] as const) {
      it(`does not use a Redis that refuses a ${verb}, until it takes it`, async () => {
        const client = await ready()
        await client.set('a', Buffer.from('old'), LONG_MS)
        const before = await client.ensureStamps(STAMPING)
        primary.refuses.add(verb)
        expect(await (verb === 'delete' ? client.delete(['a']) : client.stamp(STAMPING))).to.equal('memory')
        expect(client.state).to.equal('degraded')
        await eventually(() => primary.calls.filter((call) => call === verb).length > 2)
        expect(states.filter((state) => state === 'ready')).to.have.length(1)
        primary.refuses.clear()
        await reached(client, 'ready')
        if (verb === 'delete') expect(await read(client, 'a')).to.equal(undefined)
        else expect(await read(client, 'tag')).to.equal(before.replace(/\.0$/, '.1'))
      })
    }
  })

  describe('when a command runs out of its budget', () => {
    it('answers from memory, is suspect, and sends one probe, however many commands are late', async () => {
      const client = await ready()
      primary.freeze()
      primary.calls.length = 0
      const reads = Array.from({ length: 5 }, () => read(client, 'a'))
      expect(await Promise.all(reads)).to.deep.equal(Array.from({ length: 5 }, () => undefined))
      expect(client.state).to.equal('suspect')
      expect(primary.calls.filter((call) => call === 'ping')).to.have.length(1)
    })

    it('lets nobody wait who comes later', async () => {
      const client = await suspect()
      expect(await atOnce(client.set('a', Buffer.from('1'), LONG_MS))).to.equal('memory')
      expect(await atOnce(read(client, 'a'))).to.equal('1')
      expect(await atOnce(client.stamp(STAMPING))).to.equal('memory')
      expect(client.state).to.equal('suspect')
      await reached(client, 'degraded')
      expect(await atOnce(client.delete(['a']))).to.equal('memory')
      expect(await atOnce(read(client, 'a'))).to.equal(undefined)
    })

    it('is ready again on the same connection when the probe is answered, with nothing to log', async () => {
      const client = await suspect()
      await client.delete(['a'])
      primary.thaw()
      await reached(client, 'ready')
      expect(states).to.deep.equal(['recovering', 'ready', 'suspect', 'recovering', 'ready'])
      expect(primary.calls.filter((call) => call === 'connect')).to.have.length(1)
      expect(logger.lines).to.have.length(1)
      expect(heard).to.deep.equal([])
    })

    it('brings over what changed meanwhile before it is ready again', async () => {
      await primary.store.set('a', Buffer.from('old'), LONG_MS)
      const client = await suspect()
      await client.delete(['a'])
      primary.thaw()
      await reached(client, 'ready')
      expect(await read(client, 'a')).to.equal(undefined)
    })

    it('is degraded when the probe is not answered either, for the reason that the command had', async () => {
      const client = await suspect()
      await reached(client, 'degraded')
      expect(client.lastCause).to.equal('No answer within 20 ms')
      expect(heard).to.deep.equal([{ degraded: 'No answer within 20 ms' }])
      expect(logger.lines.slice(1)).to.deep.equal([
        { level: 'error', message: 'Redis client error', details: { cause: 'No answer within 20 ms' } },
      ])
    })

    it('takes a write that was late for one that may have been done: it is made void', async () => {
      const client = await ready()
      primary.freeze()
      expect(await client.set('a', Buffer.from('late'), LONG_MS)).to.equal('memory')
      primary.thaw()
      await reached(client, 'ready')
      expect(await text(primary.store, 'a')).to.equal(undefined)
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
      expect(await client.set('a', Buffer.from('1'), LONG_MS)).to.equal('memory')
      expect(await read(client, 'a')).to.equal('1')
      expect(client.state).to.equal('degraded')
    })

    it('tries again until Redis is back, and logs once for each cause', async () => {
      primary.crash()
      const client = start()
      await eventually(() => primary.calls.filter((call) => call === 'connect').length > 3)
      primary.mode = 'up'
      await reached(client, 'ready')
      expect(
        logger.lines.map(({ level, message, details }) => [level, message, details?.['cause']]),
      ).to.deep.equal([
        ['error', 'Redis client error', 'down'],
        ['info', 'Redis client connected', undefined],
      ])
      expect(heard).to.deep.equal([{ degraded: 'down' }, { recovered: 0 }])
      expect(states).to.deep.equal(['degraded', 'recovering', 'ready'])
    })

    it('leaves a connection alone that opens and then fails, and tries again', async () => {
      primary.refuses.add('ping')
      const client = start()
      await eventually(() => primary.calls.filter((call) => call === 'connect').length > 2)
      expect(states).to.not.include('ready')
      primary.refuses.clear()
      await reached(client, 'ready')
    })
  })

  describe('while it is recovering', () => {
    it('goes on serving from memory, without waiting', async () => {
      const { client, finish } = await recovering()
      await primary.store.set('a', Buffer.from('from Redis'), LONG_MS)
      expect(await atOnce(read(client, 'a'))).to.equal(undefined)
      expect(await atOnce(client.set('b', Buffer.from('1'), LONG_MS))).to.equal('memory')
      finish()
      await reached(client, 'ready')
      expect(await read(client, 'a')).to.equal('from Redis')
    })

    it('brings over first what parts with state of their own have, then the journal, then reads', async () => {
      primary.crash()
      const client = start()
      client.onRecovery((send) => send((redis) => redis.raise('number', 5, LONG_MS)))
      client.onRecovery((send) =>
        send((redis) => redis.ensureStamps('counter', [], LONG_MS)).then(() => undefined),
      )
      await client.delete(['a'])
      await client.stamp(STAMPING)
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
        'ping',
        'raise',
        'ensureStamps',
        'delete',
        'stamp',
        'getMany',
      ])
      expect(heard.at(-1)).to.deep.equal({ recovered: 2 })
    })

    it('brings over also what changes while it does so', async () => {
      await primary.store.set('a', Buffer.from('old'), LONG_MS)
      const { client, finish } = await recovering()
      await client.delete(['a'])
      finish()
      await reached(client, 'ready')
      expect(await read(client, 'a')).to.equal(undefined)
    })

    it('begins anew for a change that Redis was told of meanwhile, and that fails once it is in use', async () => {
      await primary.store.set('a', Buffer.from('old'), LONG_MS)
      const { client, finish } = await recovering()
      primary.freeze()
      const deleted = client.delete(['a'])
      primary.mode = 'up'
      finish()
      await reached(client, 'ready')
      await deleted
      await eventually(async () => {
        expect(await primary.store.getMany(['a'])).to.deep.equal([undefined])
      })
      await reached(client, 'ready')
    })

    it('comes to an end, also while changes keep coming', async () => {
      const client = await WAYS.degraded()
      await client.delete(['first'])
      primary.latencyMs = 8
      primary.mode = 'up'
      const changing = new AbortController()
      const changes = (async () => {
        for (let count = 0; !changing.signal.aborted; count += 1) {
          await client.delete([`key ${String(count % 50)}`])
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
      await client.delete(['a'])
      await reached(client, 'degraded')
      primary.failing.add('delete')
      primary.mode = 'up'
      await eventually(() => primary.calls.filter((call) => call === 'delete').length > 1)
      expect(states).to.not.include('ready')
      primary.failing.clear()
      await reached(client, 'ready')
      expect(await read(client, 'a')).to.equal(undefined)
    })

    it('asks a part no longer that has taken its handover back', async () => {
      const client = start()
      const off = client.onRecovery(() => Promise.reject(new Error('never called')))
      off()
      await reached(client, 'ready')
      expect(logger.messages('error')).to.deep.equal([])
    })

    it('makes everything void where more has changed than the journal holds', async () => {
      primary.crash()
      const client = start()
      await primary.store.ensureStamps('counter', ['floor'], LONG_MS)
      await client.delete(Array.from({ length: 101 }, (_, index) => `key ${String(index)}`))
      primary.mode = 'up'
      await reached(client, 'ready')
      expect(await read(client, 'floor')).to.match(/\.1$/)
      expect(heard.at(-1)).to.deep.equal({ recovered: 1 })
    })
  })

  describe('once it is closed', () => {
    for (const [state, reach] of Object.entries(WAYS)) {
      it(`from ${state}, reads miss and writes answer 'none', closed once or twice`, async () => {
        const client = await reach()
        expect(client.state).to.equal(state)
        await client.set('a', Buffer.from('1'), LONG_MS)
        await Promise.all([client.close(), client.close()])
        await client.close()
        expect(client.state).to.equal('closed')
        expect(await client.getMany(['a', 'b'])).to.deep.equal([undefined, undefined])
        expect(await client.set('a', Buffer.from('1'), LONG_MS)).to.equal('none')
        expect(await client.delete(['a'])).to.equal('none')
        expect(await client.stamp(STAMPING)).to.equal('none')
        expect(await client.ask((redis) => redis.size())).to.equal(undefined)
        expect(await client.ensureStamps(STAMPING)).to.be.a('string')
      })
    }

    it('stays closed, and leaves no connection open that comes about only then', async () => {
      let connect: () => void = () => undefined
      const connecting = new Promise<void>((resolve) => (connect = resolve))
      primary.connect = async () => {
        await connecting
        primary.isConnected = true
      }
      const client = start()
      await client.close()
      connect()
      await turn()
      expect(states).to.deep.equal(['closed'])
      expect(primary.calls).to.not.include('ping')
      expect(primary.isConnected).to.equal(false)
    })

    it('has let what was in flight finish', async () => {
      const client = await ready()
      const writing = client.set('a', Buffer.from('1'), LONG_MS)
      await client.close()
      expect(await writing).to.equal('redis')
      expect(await text(primary.store, 'a')).to.equal('1')
    })

    it('does not wait longer than the budget for a Redis that no longer answers', async () => {
      const client = await ready()
      primary.freeze()
      await client.close()
      expect(client.state).to.equal('closed')
      expect(primary.isConnected).to.equal(false)
    })

    it('warns of changes that Redis has not got, and of nothing else', async () => {
      primary.crash()
      const client = start()
      await client.delete(['a', 'b'])
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

/** A store that answers, is down, or takes commands and says nothing, as a test likes. */
class FakePrimary implements CacheClient {
  readonly store = new MemoryClient({ maxEntries: 1000, maxBytes: 100_000 }, systemClock)
  /** The names of all commands it was sent. */
  readonly calls: string[] = []
  /** The commands that it refuses, and those at which its connection fails. */
  readonly refuses = new Set<string>()
  readonly failing = new Set<string>()
  mode: 'up' | 'down' | 'frozen' = 'up'
  /** How far away it is. */
  latencyMs = 0
  isConnected = false
  #waiting: { resolve: () => void; reject: (error: Error) => void }[] = []
  #onDisconnect: (cause: Error) => void = () => undefined

  freeze(): void {
    this.mode = 'frozen'
  }

  thaw(): void {
    this.mode = 'up'
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }

  crash(): void {
    this.mode = 'down'
    this.disconnect()
    this.#onDisconnect(new Error('connection lost'))
  }

  async connect(): Promise<void> {
    await this.#answer('connect', () => Promise.resolve())
    this.isConnected = true
  }

  disconnect(): void {
    this.isConnected = false
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('disconnected'))
  }

  close(): Promise<void> {
    return this.#answer('close', () => {
      this.isConnected = false
      return Promise.resolve()
    })
  }

  onDisconnect(listener: (cause: Error) => void): void {
    this.#onDisconnect = listener
  }

  ping(): Promise<void> {
    return this.#answer('ping', () => this.store.ping())
  }

  getMany(keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    return this.#answer('getMany', () => this.store.getMany(keys))
  }

  set(key: string, value: Buffer, ttlMs: number): Promise<void> {
    return this.#answer('set', () => this.store.set(key, value, ttlMs))
  }

  delete(keys: readonly string[]): Promise<void> {
    return this.#answer('delete', () => this.store.delete(keys))
  }

  stamp(counter: string, stamps: readonly string[], ttlMs: number): Promise<void> {
    return this.#answer('stamp', () => this.store.stamp(counter, stamps, ttlMs))
  }

  ensureStamps(counter: string, stamps: readonly string[], ttlMs: number): Promise<string> {
    return this.#answer('ensureStamps', () => this.store.ensureStamps(counter, stamps, ttlMs))
  }

  raise(key: string, value: number, ttlMs: number): Promise<void> {
    return this.#answer('raise', () => this.store.raise(key, value, ttlMs))
  }

  size(): Promise<number> {
    return this.#answer('size', () => this.store.size())
  }

  async #answer<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    this.calls.push(name)
    if (this.mode === 'frozen') {
      await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }))
    }
    if (this.latencyMs > 0) await delay(this.latencyMs)
    if (this.mode === 'down' || this.failing.has(name)) throw new Error('down')
    if (this.refuses.has(name)) throw new CommandRefusedError(`${name} refused`)
    return work()
  }
}

async function reached(client: ResilientClient, state: ClientState): Promise<void> {
  await eventually(() => {
    expect(client.state).to.equal(state)
  })
}

/** What a promise resolves with that waits for no timer and no socket. */
async function atOnce<Result>(promise: Promise<Result>): Promise<Result> {
  const late = Symbol('late')
  const first = await Promise.race([promise, turn(late)])
  if (first === late) throw new Error('It waits')
  return first
}

function read(client: ResilientClient, key: string): Promise<string | undefined> {
  return text(client, key)
}

async function text(
  store: Pick<CacheClient, 'getMany'> | ResilientClient,
  key: string,
): Promise<string | undefined> {
  const [value] = await store.getMany([key])
  return value?.toString()
}
