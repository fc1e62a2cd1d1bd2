import { spawnSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import type { Cache, CacheOptions } from 'holdfast'
import { createClient } from 'redis'
import sinon from 'sinon'
import { CachePool } from '../support/cache-pool'
import { eventually } from '../support/eventually'
import { ManualClock } from '../support/manual-clock'
import { isNear, untilNear } from '../support/near'
import { RedisServer } from '../support/redis-server'
import { TcpProxy } from '../support/tcp-proxy'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

describe('What is kept near is only as good as the connection:', () => {
  failOnUnhandledRejections()

  const pool = new CachePool()
  let server: RedisServer
  let proxy: TcpProxy
  let cache: Cache
  let writer: Cache

  before(async () => {
    server = await RedisServer.start()
  })

  beforeEach(async () => {
    await server.command('FLUSHALL')
    proxy = await TcpProxy.start(server.port)
    ;[cache, writer] = await Promise.all([
      pool.connect(server, { redis: behindProxy(), commandTimeout: 500 }),
      pool.connect(server),
    ])
    await writer.set('key', { of: 'Ada' })
    await untilNear(cache, 'key')
  })

  afterEach(async () => {
    sinon.restore()
    await pool.close()
    await proxy.close()
  })

  after(() => server.close())

  function behindProxy(): string {
    return `redis://127.0.0.1:${String(proxy.port)}`
  }

  /** Changes the key from outside while nothing is heard, for so long. */
  function holdTheEventLoop(milliseconds: number): void {
    const end = performance.now() + milliseconds
    spawnSync('redis-cli', ['-p', String(server.port), 'DEL', 'key'])
    while (performance.now() < end);
  }

  /** What is found behind a turn of the event loop that has taken more than a second. */
  function foundAfterHold(read: () => Promise<unknown>): Promise<unknown> {
    return new Promise((resolve) => {
      setTimeout(() => {
        holdTheEventLoop(1200)
        resolve(read())
      }, 20)
    })
  }

  it('who has held the event loop for more than a second asks Redis', async () => {
    expect(await foundAfterHold(() => cache.get('key'))).to.equal(undefined)
  })

  it('so does a cache by whose own clock no time has gone by', async () => {
    const own = await pool.connect(server, { redis: behindProxy(), clock: new ManualClock() })
    await untilNear(own, 'key')
    expect(await foundAfterHold(() => own.get('key'))).to.equal(undefined)
  })

  it('so does who finds what may be made anew, and is not to do it', async () => {
    sinon.stub(Math, 'random').returns(1 - 2 ** -53)
    const own = await pool.connect(server, { redis: behindProxy(), refreshAhead: 100 })
    await server.command('DEL', 'key')
    await own.getOrSet('key', () => delay(20, { of: 'Mary' }), '10s')
    await untilNear(own, 'key')
    const read = (): Promise<unknown> => own.getOrSet('key', () => ({ of: 'Grace' }), '10s')
    expect(await read()).to.deep.equal({ of: 'Mary' })
    expect(await foundAfterHold(read)).to.deep.equal({ of: 'Grace' })
  })

  it('who has asked for nothing for more than a second has proof all the same', async () => {
    // A busy machine may be late with it.
    await eventually(async () => {
      const found = await cache.get('key')
      await delay(1100)
      return found === (await cache.get('key'))
    })
  })

  it('over a connection on which all vanishes nothing is found for long, nor when it is over', async () => {
    proxy.blackhole()
    await writer.set('key', { of: 'Grace' })
    // Memory answers then, which has nothing.
    await eventually(async () => (await cache.get('key')) === undefined)
    expect(await cache.get('key')).to.equal(undefined)
    await eventually(() => cache.state === 'degraded')
    await cache.set('own', { of: 'memory' })
    await untilNear(cache, 'own')
    proxy.pass()
    await eventually(() => cache.isConnected)
    expect(await cache.get('key')).to.deep.equal({ of: 'Grace' })
    expect(await cache.get('own')).to.equal(undefined)
  })

  it('over a connection on which only replies are lost nothing is found for longer than its proof', async () => {
    const patient = await pool.connect(server, { redis: behindProxy(), commandTimeout: 10_000 })
    await untilNear(patient, 'key')
    proxy.throttleReplies(0)
    await writer.set('key', { of: 'Grace' })
    // It doesn't give up the connection yet, so that nobody is answered is the sign that Redis is asked.
    try {
      await eventually(async () => (await Promise.race([patient.get('key'), delay(50, 'late')])) === 'late')
    } finally {
      proxy.pass()
    }
    await eventually(async () => expect(await patient.get('key')).to.deep.equal({ of: 'Grace' }))
  })

  it('a frozen server proves nothing, and memory has a value of its own', async () => {
    await server.stop()
    await eventually(() => !cache.isConnected)
    expect(await cache.get('key')).to.equal(undefined)
    await server.continue()
    await eventually(() => cache.isConnected && writer.isConnected)
    await writer.set('key', { of: 'Grace' })
    await cache.redis?.ping()
    expect(await cache.get('key')).to.deep.equal({ of: 'Grace' })
  })

  it('a connection that is killed takes along what it told of', async () => {
    for (let round = 0; round < 3; round += 1) {
      await writer.set('key', { round })
      await eventually(async () => expect(await cache.get('key')).to.deep.equal({ round }))
      const id = await cache.redis?.clientId()
      await server.command('CLIENT', 'KILL', 'ID', String(id))
      await server.command('SET', 'key', 'of somebody')
      await eventually(() => cache.state !== 'ready')
      expect(await cache.get('key')).to.equal(undefined)
      await eventually(() => cache.isConnected)
      expect(await cache.get('key')).to.equal(undefined)
    }
  })

  it('what changed while the connection was away is found as it is', async () => {
    await writer.set('other', { of: 'Mary' }, '1h', { tags: ['tag'] })
    await untilNear(cache, 'other')
    await proxy.refuse()
    await eventually(() => cache.state === 'degraded')
    await writer.set('key', { of: 'Grace' })
    await writer.invalidateTags('tag')
    await proxy.accept()
    await eventually(() => cache.isConnected)
    expect(await cache.get('key')).to.deep.equal({ of: 'Grace' })
    expect(await cache.get('other')).to.equal(undefined)
    await untilNear(cache, 'key')
  })

  it('what memory has said for want of room in a Redis just back is not kept as if Redis had said it', async () => {
    const keys = Array.from({ length: 300 }, (_, index) => `key ${String(index)}`)
    await proxy.refuse()
    await eventually(() => cache.state === 'degraded')
    await proxy.accept()
    await eventually(() => cache.isConnected)
    // Those that find no room are put into memory; all the others go to Redis.
    await Promise.all(keys.map((key) => cache.set(key, { of: 'own' })))
    await Promise.all(keys.flatMap((key) => [cache.get(key), cache.getOrSet(key, () => ({ of: 'own' }))]))
    for (const key of keys) await writer.set(key, { of: 'others' })
    await cache.redis?.ping()
    for (const key of keys) expect(await cache.get(key)).to.deep.equal({ of: 'others' })
  })

  describe('how long a value lives', () => {
    it('is for Redis to say, though it has not told yet that the time is over', async () => {
      const patient = await pool.connect(server, { redis: behindProxy() })
      await writer.set('key', { of: 'Grace' }, 300)
      const end = performance.now() + 300
      await patient.get('key')
      await patient.redis?.ping()
      proxy.throttleReplies(0)
      await delay(end - performance.now() + 30)
      // Nothing can be heard; the last proof is young enough.
      const found = await Promise.race([patient.get('key'), delay(50, 'nobody answers')])
      proxy.pass()
      expect(found).to.equal('nobody answers')
    })

    it('is counted from when it was written, not from when somebody reads it late', async () => {
      const patient = await pool.connect(server, { redis: behindProxy() })
      await writer.set('key', { of: 'Grace' }, 700)
      const end = performance.now() + 700
      await delay(400)
      await patient.get('key')
      await patient.redis?.ping()
      proxy.throttleReplies(0)
      await delay(end - performance.now() + 30)
      const found = await Promise.race([patient.get('key'), delay(50, 'nobody answers')])
      proxy.pass()
      expect(found).to.equal('nobody answers')
    })

    it('has no end where somebody has taken it away', async () => {
      await server.command('PERSIST', 'key')
      await cache.redis?.ping()
      await untilNear(cache, 'key')
    })
  })

  describe('nothing is kept', () => {
    async function expectNothingKept(options: CacheOptions): Promise<void> {
      const deaf = await pool.connect(server, options)
      for (let reading = 0; reading < 20; reading += 1) {
        expect(await deaf.get('key')).to.deep.equal({ of: 'Ada' })
        expect(await isNear(deaf, 'key')).to.equal(false)
      }
      await server.command('DEL', 'key')
      expect(await deaf.get('key')).to.equal(undefined)
    }

    it('by who speaks RESP2', () => expectNothingKept({ redis: createClient({ url: server.url, RESP: 2 }) }))

    it('by a user who may not be told of changes', async () => {
      await server.command('ACL', 'SETUSER', 'app', 'on', '>word', '~*', '+@all', '-client|tracking')
      await expectNothingKept({ redis: { url: server.url, username: 'app', password: 'word' } })
    })

    it('by a user who may not be told how long a value has', async () => {
      await server.command('ACL', 'SETUSER', 'app', 'on', '>word', '~*', '+@all', '-pttl', '+client|tracking')
      await expectNothingKept({ redis: { url: server.url, username: 'app', password: 'word' } })
    })
  })
})
