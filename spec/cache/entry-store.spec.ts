import { expect } from 'chai'
import type { Cache } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { RedisServer } from '../support/redis-server'
import { rejection } from '../support/rejection'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

describe('The places of entries in Redis', () => {
  failOnUnhandledRejections()

  const pool = new CachePool()
  let server: RedisServer
  let cache: Cache

  before(async () => {
    server = await RedisServer.start()
  })

  beforeEach(async () => {
    await server.command('FLUSHALL')
    cache = await pool.connect(server)
  })

  after(() => server.close())

  async function keysInRedis(): Promise<string[]> {
    return (await server.command('KEYS', '*')).split('\n').sort()
  }

  /** Whose anchors there are is random, and how many of the two is a matter of time. */
  async function placesInRedis(): Promise<string[]> {
    const places = (await keysInRedis()).map((key) => key.replace(/(?<=:anchor:)[\w-]{12}:[01]$/, '…'))
    return [...new Set(places)]
  }

  it("are the callers' keys as they stand, and holdfast's own names beside them", async () => {
    await cache.set('role:admin', 1)
    await cache.getOrSet('λ {a}', () => 1, '1h', { tags: ['school'] })
    expect(await placesInRedis()).to.deep.equal([
      'holdfast:{ns=}:anchor:…',
      'holdfast:{ns=}:counter',
      'holdfast:{ns=}:floor',
      'holdfast:{ns=}:tag:school',
      'role:admin',
      'λ {a}',
    ])
  })

  it('are behind the namespace, where there is one', async () => {
    await cache.close()
    const school = await pool.connect(server, { namespace: 'school' })
    await school.set('role:admin', 1)
    expect(school.prefix).to.equal('school:')
    expect(await placesInRedis()).to.deep.equal([
      'holdfast:{ns=school}:anchor:…',
      'holdfast:{ns=school}:counter',
      'holdfast:{ns=school}:floor',
      'school:role:admin',
    ])
  })

  it("are out of the way of holdfast's own names for keys that begin like these", async () => {
    await cache.set('holdfast:{ns=}:floor', 1)
    await cache.set('blacklist:1', 1)
    expect(await placesInRedis()).to.deep.equal([
      'holdfast:key:blacklist:1',
      'holdfast:key:holdfast:{ns=}:floor',
      'holdfast:{ns=}:anchor:…',
      'holdfast:{ns=}:counter',
      'holdfast:{ns=}:floor',
    ])
    expect(await cache.get('holdfast:{ns=}:floor')).to.equal(1)
    expect(await cache.get('blacklist:1')).to.equal(1)
  })

  it('are reserved for revocations under every namespace, also from a cache without one', async () => {
    await server.command('SET', 'blacklist:1', '1')
    await server.command('SET', 'school:blacklist:1', '1')
    const school = await pool.connect(server, { namespace: 'school' })
    await Promise.all([cache.delete('blacklist:1'), school.delete('blacklist:1')])
    await Promise.all([cache.delete('school:blacklist:1'), cache.set('school:blacklist:1', 'mine')])
    expect(await server.command('MGET', 'blacklist:1', 'school:blacklist:1')).to.equal('1\n1')
  })

  it('are all given up in time: nothing lives for ever', async () => {
    await cache.set('user', 'Ada')
    await cache.getOrSet('role', () => 'admin', '5m', { tags: ['school'] })
    await cache.invalidateTags('other')
    await cache.clear()
    for (const key of await keysInRedis()) {
      expect(Number(await server.command('PTTL', key)), key).to.be.greaterThan(0)
    }
  })

  it('outlive what depends on them, if they are stamps', async () => {
    await cache.set('user', 'Ada', '30d', { tags: ['school'] })
    for (const name of ['counter', 'floor', 'tag:school']) {
      const stamp = Number(await server.command('PTTL', `holdfast:{ns=}:${name}`))
      expect(stamp, name).to.be.at.least(Number(await server.command('PTTL', 'user')))
    }
  })

  it('are different for keys that UTF-8 would write the same, or these are refused', async () => {
    const [one, other] = ['user:\ud800', 'user:\ud801']
    try {
      await cache.set(one, 'one')
      await cache.set(other, 'other')
    } catch (error) {
      expect(error).to.have.property('code', 'invalid_key')
      return
    }
    expect(await cache.get(one)).to.equal('one')
    expect(await cache.get(other)).to.equal('other')
  })

  it('take tags that UTF-8 cannot write, or refuse them by name', async () => {
    const outcome = await cache
      .set('user', 'Ada', '1h', { tags: ['\ud800'] })
      .catch((error: unknown) => (error as { code?: string }).code)
    expect(outcome).to.be.oneOf(['redis', 'invalid_option'])
  })

  it('stay as they are when others use the database', async () => {
    await server.command('SET', 'theirs', 'value')
    await cache.set('user', 'Ada')
    await cache.clear()
    expect(await server.command('GET', 'theirs')).to.equal('value')
  })

  it('are emptied by a value that Redis refuses: the older one does not stay', async () => {
    await cache.set('user', 'Ada')
    await server.command('ACL', 'SETUSER', 'default', '-set')
    try {
      expect(await cache.set('user', 'Grace')).to.equal('none')
      expect(await server.command('EXISTS', 'user')).to.equal('0')
      expect(await cache.getOrSet('user', () => 'loaded')).to.equal('loaded')
      expect(cache.isConnected).to.equal(true)
    } finally {
      await server.command('ACL', 'SETUSER', 'default', '+set')
    }
  })

  it('are read in one round trip, with what says whether they are still right', async () => {
    cache = await pool.connect(server, { nearCache: false })
    await cache.set('user', 'Ada', '1h', { tags: ['school'] })
    await cache.getOrSet('user', () => 'loaded', '1h', { tags: ['school'] })
    const before = await commandsProcessed()
    for (let round = 0; round < 10; round++) {
      await cache.getOrSet('user', () => 'loaded', '1h', { tags: ['school'] })
    }
    expect((await commandsProcessed()) - before).to.equal(10)
  })

  it('are not mistaken by a loader for a failure of Redis', async () => {
    const failure = new Error('not Redis')
    expect(await rejection(cache.getOrSet('user', () => Promise.reject(failure)))).to.equal(failure)
    expect(cache.isConnected).to.equal(true)
  })

  async function commandsProcessed(): Promise<number> {
    return Number(/cmdstat_mget:calls=(\d+)/.exec(await server.command('INFO', 'commandstats'))?.[1])
  }
})
