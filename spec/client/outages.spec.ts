import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import type { ClientState, Stored } from 'holdfast'
import { HistoryProof } from '../../lib/client/history-proof'
import { Journal } from '../../lib/client/journal'
import { MemoryClient } from '../../lib/client/memory-client'
import { RedisClient } from '../../lib/client/redis-client'
import { ResilientClient } from '../../lib/client/resilient-client'
import { systemClock } from '../../lib/clock'
import { eventually } from '../support/eventually'
import { RecordingLogger } from '../support/recording-logger'
import { RedisServer } from '../support/redis-server'
import type { RedisServerOptions } from '../support/redis-server'
import { atOnce, drop, ground, load, reached, read, readAll, write } from '../support/resilient-calls'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

const LONG_MS = 60_000
const STAMPING = { counter: 'counter', stamps: ['tag'], ttlMs: LONG_MS }
const EVERYTHING = { counter: 'counter', stamps: ['floor'], ttlMs: LONG_MS }

describe('ResilientClient, through the outages of a real Redis', () => {
  failOnUnhandledRejections()

  const cleanups: (() => Promise<unknown>)[] = []
  let logger: RecordingLogger
  let states: ClientState[]

  beforeEach(() => {
    logger = new RecordingLogger()
    states = []
  })

  afterEach(async () => {
    for (const cleanUp of cleanups.splice(0).reverse()) await cleanUp()
  })

  async function serve(options?: RedisServerOptions): Promise<RedisServer> {
    const server = await RedisServer.start(options)
    cleanups.push(() => server.close())
    return server
  }

  function start(
    source: ConstructorParameters<typeof RedisClient>[0],
    { commandTimeoutMs = 1000, bound = 1000 } = {},
  ): ResilientClient {
    const client = new ResilientClient({
      primary: new RedisClient(source),
      memory: new MemoryClient({ maxEntries: 1000, maxBytes: 100_000 }, systemClock),
      journal: new Journal(bound, EVERYTHING),
      history: new HistoryProof('anchor:', bound),
      commandTimeoutMs,
      logger,
    })
    cleanups.push(() => client.close())
    client.on('state', ({ to }) => states.push(to))
    return client
  }

  async function ready(server: RedisServer, options?: Parameters<typeof start>[1]): Promise<ResilientClient> {
    const client = start({ url: server.url }, options)
    await reached(client, 'ready')
    return client
  }

  function log(): unknown[] {
    return logger.lines.map(({ level, message, details }) => [level, message, details?.['cause']])
  }

  it('works without a Redis that is absent at the start, and with it as soon as it appears', async () => {
    const server = await RedisServer.reserve()
    cleanups.push(() => server.close())
    const client = start({ url: server.url })
    const load = underLoad(client)
    await reached(client, 'degraded')
    // Long enough for several attempts to connect.
    const begun = performance.now()
    await eventually(() => performance.now() - begun > 500)
    await server.start()
    await reached(client, 'ready')
    await load.goesOn('redis')
    const outcomes = await load.end()
    expect(outcomes).to.have.all.keys('memory', 'redis')
    expect(log()).to.deep.equal([
      ['error', 'Redis client error', `connect ECONNREFUSED 127.0.0.1:${String(server.port)}`],
      ['info', 'Redis client connected', undefined],
    ])
    expect(states).to.deep.equal(['degraded', 'recovering', 'ready'])
  })

  it('survives a kill and a restart under load with no failed call', async () => {
    const server = await serve()
    const client = await ready(server)
    const load = underLoad(client)
    await load.goesOn('redis')
    await server.kill()
    await reached(client, 'degraded')
    await load.goesOn('memory')
    await server.start()
    await reached(client, 'ready')
    await load.goesOn('redis')
    expect(await load.end()).to.have.all.keys('memory', 'redis')
    expect(logger.messages('info')).to.deep.equal(['Redis client connected', 'Redis client connected'])
    const causes = logger.lines
      .filter(({ level }) => level === 'error')
      .map(({ details }) => details?.['cause'])
    expect(causes).to.not.be.empty
    expect(new Set(causes).size).to.equal(causes.length)
    expect(states).to.deep.equal(['recovering', 'ready', 'degraded', 'recovering', 'ready'])
  })

  it('lets the first callers of a frozen Redis wait for their budget, and nobody after them', async () => {
    const commandTimeoutMs = 100
    const server = await serve()
    const client = await ready(server, { commandTimeoutMs })
    await load(client, 'a', '1')
    await server.stop()
    const begun = performance.now()
    const first = Array.from({ length: 10 }, () => read(client, 'a'))
    expect(await Promise.all(first)).to.deep.equal(Array.from({ length: 10 }, () => undefined))
    expect(performance.now() - begun).to.be.within(commandTimeoutMs * 0.9, commandTimeoutMs * 10)
    expect(client.state).to.equal('suspect')
    expect(await atOnce(write(client, 'b', '2'))).to.equal('memory')
    await reached(client, 'degraded')
    expect(await atOnce(read(client, 'b'))).to.equal('2')
    await server.continue()
    await reached(client, 'ready')
    expect(await readAll(client, 'a', 'b')).to.deep.equal(['1', 'undefined'])
    expect(states).to.deep.equal(['recovering', 'ready', 'suspect', 'degraded', 'recovering', 'ready'])
    expect(log()[1]).to.satisfy((line: unknown[]) =>
      /^error,Redis client error,No answer within \d+ ms$/.test(String(line)),
    )
  })

  it('finds a frozen Redis out also when nobody calls', async () => {
    const server = await serve()
    const client = await ready(server, { commandTimeoutMs: 50 })
    await server.stop()
    await reached(client, 'degraded')
    expect(states).to.deep.equal(['recovering', 'ready', 'suspect', 'degraded'])
  })

  it('takes a hiccup that is shorter than the budget for nothing', async () => {
    const server = await serve()
    const client = await ready(server, { commandTimeoutMs: 2000 })
    await write(client, 'a', '1')
    await server.stop()
    const reading = read(client, 'a')
    await server.continue()
    expect(await reading).to.equal('1')
    expect(states).to.deep.equal(['recovering', 'ready'])
    expect(logger.lines).to.have.length(1)
  })

  it('carries over what was deleted and invalidated during an outage, before it reads from Redis again', async () => {
    const server = await serve({ persistent: true })
    const client = await ready(server)
    await write(client, 'deleted', 'old')
    await write(client, 'written', 'old')
    await load(client, 'kept', 'old')
    const before = await ground(client, STAMPING)
    await server.kill()
    await reached(client, 'degraded')
    expect(await drop(client, 'deleted')).to.equal('memory')
    expect(await write(client, 'written', 'new')).to.equal('memory')
    expect(await client.invalidate(STAMPING)).to.equal('memory')
    const seen = new Set<string>()
    const firstRead = new Promise<string[]>((resolve) => {
      client.on('state', ({ to }) => {
        if (to === 'ready') resolve(readAll(client, 'deleted', 'written', 'kept', 'tag'))
      })
    })
    await server.start()
    while (client.state !== 'ready') {
      for (const value of await readAll(client, 'deleted', 'written')) seen.add(value)
      await turn()
    }
    const [deleted, written, kept, tag] = await firstRead
    expect([deleted, written, kept]).to.deep.equal(['undefined', 'undefined', 'old'])
    expect(tag).to.match(later(before))
    expect([...seen]).to.not.include('old')
    expect(logger.lines.at(-1)?.details).to.include({ replayed: 3 })
  })

  it('makes everything void after an outage in which more has changed than its journal holds', async () => {
    const server = await serve({ persistent: true })
    const client = await ready(server, { bound: 3 })
    await write(client, 'key 0', 'old')
    await ground(client, EVERYTHING)
    await server.kill()
    await reached(client, 'degraded')
    await drop(client, 'key 0', 'key 1', 'key 2', 'key 3')
    await server.start()
    await reached(client, 'ready')
    const count = await server.command('GET', 'counter')
    expect(count).to.match(/\.[1-9]\d+$/)
    expect(await server.command('GET', 'floor')).to.equal(count)
    expect(logger.lines.at(-1)?.details).to.include({ replayed: 1 })
  })

  describe('restarted from an older data set', () => {
    /** A server that has gone back to before the changes, and what its instance reads first. */
    async function rolledBack(
      bound: number,
      before: (server: RedisServer) => Promise<void>,
    ): Promise<string[]> {
      const server = await serve()
      const client = await ready(server, { bound })
      for (const key of ['deleted', 'written', 'kept']) await load(client, key, 'old')
      const count = await ground(client, { ...STAMPING, stamps: ['tag', 'floor'] })
      const dataset = await server.snapshot()
      expect(await drop(client, 'deleted')).to.equal('redis')
      expect(await client.invalidate(STAMPING)).to.equal('redis')
      expect(await write(client, 'written', 'new')).to.equal('redis')
      await before(server)
      const firstRead = new Promise<string[]>((resolve) => {
        client.on('state', ({ to }) => {
          if (to === 'ready') resolve(readAll(client, 'deleted', 'written', 'kept', 'tag', 'floor'))
        })
      })
      await server.restart({ dataset })
      const values = await firstRead
      return values.map((value) =>
        value === count ? 'as before' : value.replace(/^[\w-]+\.\d+$/, 'advanced'),
      )
    }

    /** Waits for the instance to prove once more that nothing was forgotten. */
    async function anchored(server: RedisServer): Promise<void> {
      const anchor = async () => server.command('GET', await server.command('KEYS', 'anchor:*'))
      const before = await anchor()
      await eventually(async () => (await anchor()) !== before)
    }

    const WARNING = 'Redis has gone back in time: what was changed since is brought again'

    it('has the changes again that it lacks, before the first read', async () => {
      const found = await rolledBack(1000, anchored)
      expect(found).to.deep.equal(['undefined', 'undefined', 'old', 'advanced', 'as before'])
      expect(logger.lines.filter(({ level }) => level === 'warn')).to.deep.equal([
        { level: 'warn', message: WARNING, details: { changes: 3 } },
      ])
    })

    it('has them also where they are too recent for it to be known that they are lacking', async () => {
      const found = await rolledBack(1000, () => Promise.resolve())
      expect(found).to.deep.equal(['undefined', 'undefined', 'old', 'advanced', 'as before'])
    })

    it('is told that everything is void where it lacks more than is remembered', async () => {
      const found = await rolledBack(2, anchored)
      expect(found).to.deep.equal(['old', 'old', 'old', 'as before', 'advanced'])
      expect(logger.lines.filter(({ level }) => level === 'warn')).to.deep.equal([
        { level: 'warn', message: WARNING, details: { changes: 'everything' } },
      ])
    })
  })

  it('connects once its password is right, and never shows it', async () => {
    const server = await serve({ password: 'the-right-one' })
    const client = start({ socket: { port: server.port }, password: 'hunter2' })
    await reached(client, 'degraded')
    expect(await write(client, 'a', '1')).to.equal('memory')
    expect(client.lastCause).to.match(/WRONGPASS/)
    await server.configSet('requirepass', 'hunter2')
    await reached(client, 'ready')
    expect(await write(client, 'a', '1')).to.equal('redis')
    expect(logger.messages()).to.deep.equal(['Redis client error', 'Redis client connected'])
    expect(JSON.stringify(logger.lines)).to.not.match(/hunter2|the-right-one/)
  })

  for (const [who, touch] of [
    ['a write', (client: ResilientClient) => write(client, 'a', 'new')],
    ['nobody', () => Promise.resolve('memory')],
  ] as const) {
    it(`takes a server that was made a replica for an outage, found out by ${who}`, async () => {
      const server = await serve()
      const client = await ready(server)
      await write(client, 'a', 'old')
      await server.command('REPLICAOF', '127.0.0.1', '1')
      expect(await touch(client)).to.equal('memory')
      await reached(client, 'degraded')
      expect(client.lastCause).to.match(/READONLY/)
      await drop(client, 'a')
      await server.command('REPLICAOF', 'NO', 'ONE')
      await reached(client, 'ready')
      expect(await read(client, 'a')).to.equal(undefined)
      expect(await write(client, 'a', '1')).to.equal('redis')
    })
  }

  describe('whose memory is full', () => {
    it('is not used: memory has the new values, Redis no older ones when it is used again', async () => {
      const server = await serve()
      const client = await ready(server)
      await write(client, 'a', 'old')
      await load(client, 'other', 'other')
      await server.configSet('maxmemory', '1')
      expect(await write(client, 'a', 'new')).to.equal('memory')
      expect(await write(client, 'b', 'new')).to.equal('memory')
      expect(await readAll(client, 'a', 'b', 'other')).to.deep.equal(['new', 'new', 'undefined'])
      expect(states).to.deep.equal(['recovering', 'ready', 'degraded'])
      expect(client.lastCause).to.match(/^OOM/)
      // Several attempts.
      const connections = async () =>
        Number(/total_connections_received:(\d+)/.exec(await server.command('INFO', 'stats'))?.[1])
      const before = await connections()
      await eventually(async () => (await connections()) - before > 10)
      expect(logger.messages('error')).to.deep.equal(['Redis client error'])
      await server.configSet('maxmemory', '0')
      await reached(client, 'ready')
      expect(await readAll(client, 'a', 'b', 'other')).to.deep.equal(['undefined', 'undefined', 'other'])
      expect(await write(client, 'a', 'new')).to.equal('redis')
    })

    it('is found out also when nobody calls', async () => {
      const server = await serve()
      const client = await ready(server)
      await server.configSet('maxmemory', '1')
      await reached(client, 'degraded')
      expect(client.lastCause).to.match(/^OOM/)
    })

    it('is not used while it does not take an invalidation, and has it before it is used again', async () => {
      const server = await serve()
      const client = await ready(server)
      const before = await ground(client, STAMPING)
      await server.configSet('maxmemory', '1')
      expect(await client.invalidate(STAMPING)).to.equal('memory')
      expect(client.state).to.equal('degraded')
      await server.configSet('maxmemory', '0')
      await reached(client, 'ready')
      expect(await server.command('GET', 'tag')).to.match(later(before))
    })
  })

  describe('closing', () => {
    it('does not wait for a frozen Redis, be it in use or being connected to', async () => {
      const server = await serve()
      const inUse = await ready(server, { commandTimeoutMs: 50 })
      await server.stop()
      const connecting = start({ url: server.url }, { commandTimeoutMs: 50 })
      const begun = performance.now()
      await Promise.all([inUse.close(), connecting.close()])
      expect(performance.now() - begun).to.be.below(1000)
      expect(await write(inUse, 'a', '1')).to.equal('none')
    })

    it('leaves no connection open', async () => {
      const server = await serve()
      // The one that asks is always among them.
      const connections = async () => (await server.command('CLIENT', 'LIST')).trim().split('\n').length
      const client = await ready(server)
      expect(await connections()).to.equal(2)
      await client.close()
      await eventually(async () => (await connections()) === 1)
    })

    it('lets the process end, whatever the state', async () => {
      const [server, frozen] = await Promise.all([serve(), serve()])
      const absent = await RedisServer.reserve()
      cleanups.push(() => absent.close())
      await frozen.stop()
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', CHILD], {
        cwd: join(__dirname, '..', '..'),
        env: { ...process.env, URLS: [server.url, absent.url, frozen.url].join(' ') },
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: 8000,
        killSignal: 'SIGKILL',
      })
      let output = ''
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
      const [code] = (await once(child, 'close')) as [number | null]
      expect(output.trim()).to.equal('ready degraded connecting memory')
      expect(code).to.equal(0)
    })
  })
})

// Ends when nothing keeps it any more: it does not call process.exit.
const CHILD = `
  import holdfast from './lib/index.ts'
  const caches = [...process.env.URLS.split(' '), false].map((redis) => holdfast.createCache({ redis, logger: false }))
  const until = (cache, state) =>
    new Promise((resolve) => cache.on('state', ({ to }) => { if (to === state) resolve() }))
  await Promise.all([until(caches[0], 'ready'), until(caches[1], 'degraded')])
  console.log(caches.map((cache) => cache.state).join(' '))
  await Promise.all(caches.map((cache) => cache.close()))
`

interface Load {
  /** Waits until more calls have ended like this. */
  goesOn: (outcome: Stored) => Promise<void>
  /** Ends it. How many writes stand where; rejects if a single call did. */
  end: () => Promise<Partial<Record<Stored, number>>>
}

/** Sixteen callers who read, write and delete without a pause. */
function underLoad(client: ResilientClient): Load {
  const outcomes: Partial<Record<Stored, number>> = {}
  let isOver = false
  async function call(key: string): Promise<void> {
    while (!isOver && client.state !== 'closed') {
      for (const outcome of [await write(client, key, '1'), await drop(client, key)]) {
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      }
      await read(client, key)
      await ground(client, STAMPING)
      await turn()
    }
  }
  const calls = Promise.all(Array.from({ length: 16 }, (_, index) => call(`load ${String(index)}`)))
  // Looked at when it ends.
  calls.catch(() => undefined)
  return {
    goesOn: async (outcome) => {
      const before = outcomes[outcome] ?? 0
      await eventually(() => (outcomes[outcome] ?? 0) > before + 50)
    },
    end: async () => {
      isOver = true
      await calls
      return outcomes
    },
  }
}

/** A later count of the same epoch. */
function later(begun: string): RegExp {
  return new RegExp(`^${begun.replace(/\.0$/, '')}\\.[1-9]\\d*$`)
}
