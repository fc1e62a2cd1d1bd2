import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import { cached, CommandRefusedError, createTokenBlacklist, InvalidOptionError } from 'holdfast'
import type { Cache, CacheClient } from 'holdfast'
import { clientContract, faultyClient } from 'holdfast/testing'
import type { FaultyClient, FaultyCommand } from 'holdfast/testing'
import sinon from 'sinon'
import { MemoryClient } from '../../lib/client/memory-client'
import { RedisClient } from '../../lib/client/redis-client'
import { systemClock } from '../../lib/clock'
import { CachePool } from '../support/cache-pool'
import { eventually } from '../support/eventually'
import { RedisServer } from '../support/redis-server'
import { rejection } from '../support/rejection'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

const LONG_MS = 60_000

describe('faultyClient', () => {
  failOnUnhandledRejections()

  let client: FaultyClient

  beforeEach(async () => {
    client = faultyClient()
    await client.connect()
  })

  afterEach(() => {
    client.disconnect()
  })

  describe('without a fault', () => {
    for (const { title, run } of clientContract) {
      it(title, () => run(client, (name) => `${title}:${name}`))
    }

    it('does all that over a RedisClient too, and has what that has beside the port', async () => {
      const server = await RedisServer.start()
      const overRedis = faultyClient(new RedisClient({ url: server.url }))
      await overRedis.connect()
      for (const { title, run } of clientContract) await run(overRedis, (name) => `${title}:${name}`)
      expect(await overRedis.info?.()).to.include('used_memory')
      expect(await overRedis.connections?.()).to.equal(1)
      expect(overRedis.bytesReceived()).to.be.greaterThan(0)
      await overRedis.close()
      await server.close()
    })

    it('keeps the process alive while it is connected, as a socket does, and no longer', async () => {
      client.disconnect()
      const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      try {
        await client.connect()
        expect(clock.countTimers()).to.equal(1)
        client.drop()
        expect(clock.countTimers()).to.equal(0)
        client.heal()
        expect(clock.countTimers()).to.equal(1)
        await client.connect()
        await client.close()
        expect(clock.countTimers()).to.equal(0)
      } finally {
        clock.restore()
      }
    })

    it('has nothing beside the port that the client within does not have', () => {
      expect(client.info).to.equal(undefined)
      expect(client.connections).to.equal(undefined)
      expect(client.onChange).to.equal(undefined)
      expect(client.bytesReceived()).to.equal(undefined)
    })

    it('passes on that the client within has lost its connection', async () => {
      const server = await RedisServer.start()
      const overRedis = faultyClient(new RedisClient({ url: server.url }))
      const heard: string[] = []
      overRedis.onDisconnect((cause) => heard.push(cause.message))
      await overRedis.connect()
      await server.close()
      await eventually(() => heard.length > 0)
      expect(await rejectionOf(overRedis.ping())).to.equal('faultyClient: there is no connection')
    })

    it('passes on what the client within tells of changes, as late as a fault has it, and nothing over a lost connection', async () => {
      let tell: (key: string | undefined) => void = () => undefined
      const within = Object.assign(new MemoryClient({ maxEntries: 10, maxBytes: 1000 }, systemClock), {
        onChange: (listener: typeof tell) => (tell = listener),
      })
      const telling = faultyClient(within)
      const told: (string | undefined)[] = []
      telling.onChange?.((key) => told.push(key))
      await telling.connect()
      tell('a')
      tell(undefined)
      await turn()
      expect(told.splice(0)).to.deep.equal(['a', undefined])
      telling.hang()
      tell('b')
      await turn()
      expect(told).to.deep.equal([])
      telling.heal()
      await turn()
      expect(told.splice(0)).to.deep.equal(['b'])
      telling.hang()
      tell('c')
      telling.drop()
      telling.heal()
      await telling.connect()
      await turn()
      expect(told).to.deep.equal([])
      telling.disconnect()
    })

    it('rejects what is sent without a connection', async () => {
      const unconnected = faultyClient()
      expect(await rejectionOf(unconnected.ping())).to.equal('faultyClient: there is no connection')
      await client.close()
      expect(await rejectionOf(client.ping())).to.equal('faultyClient: there is no connection')
    })
  })

  describe('that fails', () => {
    it('loses its connection, says so once, and lets none come about', async () => {
      const heard: string[] = []
      client.onDisconnect((cause) => heard.push(cause.message))
      client.fail()
      client.fail()
      expect(heard).to.deep.equal(['faultyClient: the store is down'])
      expect(await rejectionOf(client.connect())).to.equal('faultyClient: the store is down')
    })

    it('says what it is told to say', async () => {
      client.fail({ cause: new Error('ECONNREFUSED') })
      expect(await rejectionOf(client.connect())).to.equal('ECONNREFUSED')
    })

    it('fails at these commands alone, and keeps the connection', async () => {
      client.fail({ commands: ['set', 'raise'], cause: new CommandRefusedError('OOM') })
      expect(await rejection(set(client, 'a'))).to.be.instanceOf(CommandRefusedError)
      expect(await rejectionOf(client.raise('a', 1, LONG_MS))).to.equal('OOM')
      await client.delete(['a'])
      expect(await read(client, 'a')).to.equal(undefined)
    })

    it('has all it had, once it is healed and connected', async () => {
      await set(client, 'a')
      client.fail()
      client.heal()
      await client.connect()
      expect(await read(client, 'a')).to.equal('1')
    })
  })

  describe('that hangs', () => {
    it('answers nothing and carries nothing out', async () => {
      client.hang()
      const outcomes = await settled(set(client, 'a'), client.ping(), client.connect())
      expect(outcomes).to.deep.equal(['pending', 'pending', 'pending'])
      expect(await afterReconnect(client)).to.equal(undefined)
    })

    it('carries everything out and answers nothing, where the reply is withheld', async () => {
      client.hang({ withhold: 'reply' })
      expect(await settled(set(client, 'a'))).to.deep.equal(['pending'])
      expect(await afterReconnect(client)).to.equal('1')
    })

    it('rejects what hangs when the connection is dropped, from either side', async () => {
      for (const drop of ['disconnect', 'drop'] as const) {
        for (const withhold of ['request', 'reply'] as const) {
          client.hang({ withhold })
          const hanging = [client.ping(), client.connect(), client.close()].map(rejectionOf)
          await turn()
          client[drop]()
          const message =
            drop === 'drop' ? 'faultyClient: the connection was lost' : 'faultyClient: disconnected'
          expect(await Promise.all(hanging)).to.deep.equal([message, message, message])
          client.heal()
          await client.connect()
        }
      }
    })

    it('never carries out later what was given up with the connection', async () => {
      client.hang()
      const given = rejectionOf(set(client, 'a'))
      client.disconnect()
      await given
      client.heal()
      await client.connect()
      expect(await read(client, 'a')).to.equal(undefined)
    })

    it('goes on, in the order in which it was asked, when it is healed', async () => {
      client.hang()
      const answered: string[] = []
      const all = [set(client, 'a', '1'), set(client, 'a', '2'), client.delete(['b']), read(client, 'a')].map(
        (work, index) => work.then((answer) => answered.push(`${String(index)} ${String(answer)}`)),
      )
      client.heal()
      await Promise.all(all)
      expect(answered.toSorted()).to.deep.equal(['0 undefined', '1 undefined', '2 undefined', '3 2'])
    })

    it('lets withheld replies through when it is healed', async () => {
      client.hang({ withhold: 'reply' })
      const work = client.ensureStamps('a', ['b'], LONG_MS)
      await turn()
      client.heal()
      expect(await read(client, 'b')).to.equal(await work)
    })

    it('hangs at these commands alone', async () => {
      client.hang({ commands: ['set'] })
      const [hung, answered] = await settled(set(client, 'a'), client.ping())
      expect([hung, answered]).to.deep.equal(['pending', 'resolved'])
      client.heal()
    })

    it('fails what hangs when it is down next', async () => {
      client.hang({ withhold: 'reply' })
      const hanging = rejectionOf(client.ping())
      client.fail({ cause: new Error('killed') })
      expect(await hanging).to.equal('killed')
    })
  })

  describe('with time standing still', () => {
    let clock: sinon.SinonFakeTimers

    beforeEach(async () => {
      client.disconnect()
      clock = sinon.useFakeTimers()
      client = faultyClient()
      await client.connect()
    })

    afterEach(() => {
      client.disconnect()
      client.heal()
      client.disconnect()
      clock.restore()
    })

    it('takes as much longer as it is told', async () => {
      client.delay(200)
      const work = client.ping()
      await clock.tickAsync(199)
      expect(await settled(work)).to.deep.equal(['pending'])
      await clock.tickAsync(1)
      expect(await settled(work)).to.deep.equal(['resolved'])
    })

    it('takes half a second longer where nothing is said', async () => {
      client.delay()
      const work = client.ping()
      await clock.tickAsync(499)
      expect(await settled(work)).to.deep.equal(['pending'])
      await clock.tickAsync(1)
      expect(await settled(work)).to.deep.equal(['resolved'])
    })

    it('delays these commands alone, and connecting like any other', async () => {
      client.delay(100, { commands: ['connect', 'set'] })
      expect(await settled(client.ping(), client.connect(), set(client, 'a'))).to.deep.equal([
        'resolved',
        'pending',
        'pending',
      ])
    })

    it('rejects what is delayed when the connection is lost, and does not carry it out', async () => {
      client.delay(100)
      const work = rejectionOf(set(client, 'a'))
      client.drop()
      expect(await work).to.equal('faultyClient: the connection was lost')
      await clock.tickAsync(1000)
      expect(await afterReconnect(client)).to.equal(undefined)
    })

    it('lets go at once what was delayed when it is healed', async () => {
      client.delay(100)
      const work = client.ping()
      client.heal()
      expect(await settled(work)).to.deep.equal(['resolved'])
    })

    it('delays what hung before it', async () => {
      client.hang()
      const work = client.ping()
      client.delay(100)
      await clock.tickAsync(99)
      expect(await settled(work)).to.deep.equal(['pending'])
      await clock.tickAsync(1)
      expect(await settled(work)).to.deep.equal(['resolved'])
    })

    it('flaps: down at once, then up, then down again, until it is healed', async () => {
      client.flap({ upMs: 100, downMs: 50 })
      const seen: string[] = []
      for (let elapsed = 0; elapsed < 300; elapsed += 50) {
        await client.connect().then(
          () => seen.push('up'),
          () => seen.push('down'),
        )
        await clock.tickAsync(50)
      }
      expect(seen).to.deep.equal(['down', 'up', 'up', 'down', 'up', 'up'])
      client.heal()
      await client.connect()
      await clock.tickAsync(10_000)
      await client.ping()
    })

    it('flaps every 300 ms where nothing is said', async () => {
      client.flap()
      await clock.tickAsync(299)
      expect(await rejectionOf(client.connect())).to.equal('faultyClient: the store is down, for now')
      await clock.tickAsync(1)
      await client.connect()
      await clock.tickAsync(299)
      await client.ping()
      await clock.tickAsync(1)
      expect(await rejectionOf(client.ping())).to.equal('faultyClient: there is no connection')
    })

    const OTHERS: [name: string, other: () => void | Promise<void>][] = [
      ['fails', () => { client.fail() }],
      ['hangs', () => { client.hang() }],
      ['is delayed', () => { client.delay(1) }],
      ['is closed', () => client.close()],
    ] // prettier-ignore

    for (const [name, other] of OTHERS) {
      it(`flaps no more once it ${name}`, async () => {
        client.flap()
        await other()
        expect(clock.countTimers()).to.equal(0)
      })
    }
  })

  describe('that drops its connection', () => {
    it('rejects what is in flight, says so, and connects again', async () => {
      const heard: string[] = []
      client.onDisconnect((cause) => heard.push(cause.message))
      const inFlight = rejectionOf(client.ping())
      client.drop()
      expect(await inFlight).to.equal('faultyClient: the connection was lost')
      expect(heard).to.deep.equal(['faultyClient: the connection was lost'])
      await client.connect()
      await client.ping()
    })

    it('has nothing to say where there was none', () => {
      const listener = sinon.spy()
      const unconnected = faultyClient()
      unconnected.onDisconnect(listener)
      unconnected.drop()
      expect(listener.called).to.equal(false)
    })
  })

  describe('in the place of Redis', () => {
    const caches = new CachePool()
    let cache: Cache

    beforeEach(async () => {
      client.disconnect()
      client = faultyClient()
      cache = caches.open({ client })
      await eventually(() => cache.isConnected)
    })

    it('takes a cache through an outage and back', async () => {
      expect(await cache.set('a', 1)).to.equal('redis')
      const back = new Promise((resolve) => cache.on('recovered', resolve))
      client.fail()
      expect(cache.state).to.equal('degraded')
      expect(await cache.get('a')).to.equal(undefined)
      expect(await cache.set('a', 2)).to.equal('memory')
      expect(await cache.get('a')).to.equal(2)
      client.heal()
      expect(await back).to.include({ replayed: 1 })
      expect(await cache.get('a')).to.equal(undefined)
    })

    it('shows a cached function that loads once a key, whatever happens', async () => {
      const load = sinon.fake((name: string) => Promise.resolve({ name }))
      const find = cached(load, 'user:{0}', '1h', { cache })
      for (const fault of ['hang', 'fail', 'flap', 'drop', 'heal'] as const) {
        client[fault]()
        load.resetHistory()
        await cache.delete('user:ada')
        expect(await Promise.all([find('ada'), find('ada')])).to.deep.equal([
          { name: 'ada' },
          { name: 'ada' },
        ])
        expect(load.callCount).to.equal(1)
      }
    })

    it('is suspect first when it hangs, and gone a while later', async () => {
      client.hang()
      await cache.get('a')
      expect(cache.state).to.equal('suspect')
      await eventually(() => cache.state === 'degraded')
    })

    it('does not lose a revocation whose reply was withheld', async () => {
      const blacklist = createTokenBlacklist({ cache })
      const claims = { jti: 't', exp: Math.ceil(Date.now() / 1000) + 60 }
      client.hang({ withhold: 'reply' })
      expect(await blacklist.revoke(claims)).to.equal('memory')
      client.heal()
      await eventually(() => cache.isConnected)
      expect(await blacklist.isRevoked(claims)).to.equal(true)
    })

    it('shows that a refused command is no outage', async () => {
      client.fail({ commands: ['set'], cause: new CommandRefusedError('OOM') })
      expect(await cache.set('a', 1)).to.equal('none')
      expect(cache.state).to.equal('ready')
    })
  })

  describe('refuses', () => {
    const WRONG: [what: string, make: (client: FaultyClient) => void, message: RegExp][] = [
      ['what is no client', () => { faultyClient({} as CacheClient) }, /^faultyClient: expected a CacheClient, got an object/],
      ['a client that is null', () => { faultyClient(null as unknown as CacheClient) }, /^faultyClient: .* got null/],
      ['a URL, which it does not show', () => { faultyClient('redis://:secret@host' as unknown as CacheClient) }, /not shown/],
      ['an unknown option', (it) => { it.fail({ command: ['set'] } as object) }, /^fail: command: unknown option; did you mean 'commands'/],
      ['a cause that is no error', (it) => { it.fail({ cause: 'down' as unknown as Error }) }, /^fail: cause: expected an Error, got 'down'/],
      ['a command that is none', (it) => { it.hang({ commands: ['get' as FaultyCommand] }) }, /^hang: commands: .*getMany.* got 'get'/],
      ['a list of no commands', (it) => { it.hang({ commands: [] }) }, /^hang: commands: /],
      ['a command without a list', (it) => { it.fail({ commands: 'set' as never }) }, /^fail: commands: .* got 'set'/],
      ['to withhold anything else', (it) => { it.hang({ withhold: 'both' as 'reply' }) }, /^hang: withhold: expected 'request' or 'reply', got 'both'/],
      ['a delay that is none', (it) => { it.delay(Number.NaN) }, /^delay: expected a whole number from 0 to 2147483647, got NaN/],
      ['a delay in other words', (it) => { it.delay('1s' as unknown as number) }, /^delay: .* got '1s'/],
      ['options of a delay that are none', (it) => { it.delay(1, { ms: 1 } as object) }, /^delay: ms: unknown option/],
      ['to be up for no time', (it) => { it.flap({ upMs: 0 }) }, /^flap: upMs: expected a whole number from 1 /],
      ['to be down for ever', (it) => { it.flap({ downMs: Infinity }) }, /^flap: downMs: .* got Infinity/],
      ['an unknown time', (it) => { it.flap({ up: 1 } as object) }, /^flap: up: unknown option; did you mean 'upMs'/],
    ] // prettier-ignore

    for (const [what, make, message] of WRONG) {
      it(what, async () => {
        expect(() => {
          make(client)
        })
          .to.throw(InvalidOptionError)
          .with.property('message')
          .that.matches(message)
        await client.ping()
      })
    }
  })
})

function set(client: FaultyClient, key: string, value = '1'): Promise<void> {
  return client.set(key, Buffer.from(value), LONG_MS)
}

async function read(client: FaultyClient, key: string): Promise<string | undefined> {
  return (await client.getMany([key]))[0]?.toString()
}

async function rejectionOf(work: Promise<unknown>): Promise<string> {
  return ((await rejection(work)) as Error).message
}

/** What has become of promises that wait for nothing but turns of the event loop. */
async function settled(...work: Promise<unknown>[]): Promise<string[]> {
  const states = work.map(() => 'pending')
  work.forEach((each, index) => {
    each.then(
      () => (states[index] = 'resolved'),
      () => (states[index] = 'rejected'),
    )
  })
  for (let turns = 0; turns < 10; turns += 1) await Promise.resolve()
  return states
}

/** What is under `a` once the connection was lost and is back without a fault. */
async function afterReconnect(client: FaultyClient): Promise<string | undefined> {
  client.disconnect()
  client.heal()
  await client.connect()
  return read(client, 'a')
}
