import { expect } from 'chai'
import type { Cache } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { eventually } from '../support/eventually'
import { ManualClock } from '../support/manual-clock'
import { RedisServer } from '../support/redis-server'
import { rejection } from '../support/rejection'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

const NOTHING_YET = { hits: 0, misses: 0, hitRatio: 0, loads: 0, refused: 0, stale: 0 }

describe('Stats', () => {
  failOnUnhandledRejections()

  const pool = new CachePool()

  describe('on memory', () => {
    it('have the keys that are held, and no connection', async () => {
      const cache = pool.open()
      await cache.set('user:1', 'Ada')
      await cache.set('user:2', 'Grace')
      expect(await cache.getStats()).to.deep.equal({
        type: 'memory',
        state: 'memory',
        connected: false,
        size: 2,
        keys: ['user:2', 'user:1'],
        keysTruncated: false,
        ...NOTHING_YET,
      })
    })

    it('are those of an empty store at first', async () => {
      expect(await pool.open().getStats()).to.deep.equal({
        type: 'memory',
        state: 'memory',
        connected: false,
        size: 0,
        keys: [],
        keysTruncated: false,
        ...NOTHING_YET,
      })
    })

    for (const count of [100, 101, 250]) {
      it(`of ${String(count)} entries show ${count > 100 ? '100 keys and say so' : 'them all'}`, async () => {
        const cache = pool.open()
        for (let index = 0; index < count; index++) await cache.set(`user:${String(index)}`, index)
        const stats = await cache.getStats()
        expect(stats).to.include({ size: count, keysTruncated: count > 100 })
        expect(stats).to.have.property('keys').with.length(100)
      })
    }

    it("have the callers' names of keys, and nothing of holdfast's own", async () => {
      const cache = pool.open({ namespace: 'school' })
      const names = ['user', 'school:user', 'holdfast:mine', 'blacklist:mine']
      for (const name of names) await cache.set(name, 1, '1h', { tags: ['people'] })
      const stats = await cache.getStats()
      expect(stats).to.have.property('keys').with.members(names)
      expect(stats.size).to.equal(names.length)
    })

    it('do not count what has expired', async () => {
      const clock = new ManualClock()
      const cache = pool.open({ clock })
      await cache.set('user:1', 'Ada', 100)
      await cache.set('user:2', 'Grace', 300)
      clock.advance(200)
      expect(await cache.getStats()).to.deep.include({ size: 1, keys: ['user:2'] })
    })

    it('do not count what was deleted and cleared', async () => {
      const cache = pool.open()
      await cache.set('user:1', 'Ada')
      await cache.set('user:2', 'Grace')
      await cache.delete('user:1')
      expect(await cache.getStats()).to.include({ size: 1 })
      await cache.clear()
      expect(await cache.getStats()).to.deep.include({ size: 0, keys: [] })
    })

    it('are those of nothing once the cache is closed', async () => {
      const cache = pool.open()
      await cache.set('user', 'Ada')
      await cache.close()
      expect(await cache.getStats()).to.deep.include({ type: 'memory', state: 'closed', size: 0, keys: [] })
    })
  })

  describe('on Redis', () => {
    let server: RedisServer

    before(async () => {
      server = await RedisServer.start()
    })

    beforeEach(() => server.command('FLUSHALL'))

    after(() => server.close())

    it('have the size of the database and what Redis says of its memory', async () => {
      const cache = await pool.connect(server)
      await cache.set('user', 'Ada')
      await server.command('SET', 'theirs', '1')
      const { type, state, connected, size, info, ...tally } = redisStats(await cache.getStats())
      expect({ type, state, connected }).to.deep.equal({ type: 'redis', state: 'ready', connected: true })
      expect(size).to.equal(Number(await server.command('DBSIZE')))
      expect(info).to.match(/^# Memory\r\nused_memory:\d+/)
      expect(tally).to.deep.equal(NOTHING_YET)
    })

    it('have no keys: finding them would cost as much as there are', async () => {
      const cache = await pool.connect(server)
      await cache.set('user', 'Ada')
      expect(await cache.getStats()).not.to.have.any.keys('keys', 'keysTruncated')
      expect(await server.command('INFO', 'commandstats')).not.to.match(/cmdstat_(keys|scan)/)
    })

    it('are those of memory while memory stands in, and count on', async () => {
      const own = await RedisServer.start()
      const cache = await pool.connect(own)
      await cache.get('user')
      await own.kill()
      await eventually(() => cache.state === 'degraded')
      await cache.set('user', 'Ada')
      await cache.get('user')
      const { state, ...stats } = await cache.getStats()
      expect(state).to.be.oneOf(['degraded', 'recovering'])
      expect(stats).to.deep.equal({
        type: 'memory',
        connected: false,
        size: 1,
        keys: ['user'],
        keysTruncated: false,
        ...{ hits: 1, misses: 1, hitRatio: 0.5, loads: 0, refused: 0, stale: 0 },
      })
      await own.start()
      await eventually(() => cache.isConnected)
      expect(await cache.getStats()).to.include({ type: 'redis', connected: true, hits: 1, misses: 1 })
      await own.close()
    })
  })

  describe('of what the cache did', () => {
    let cache: Cache

    beforeEach(() => {
      cache = pool.open()
    })

    async function tally(): Promise<object> {
      const { hits, misses, hitRatio, loads, refused, stale } = await cache.getStats()
      return { hits, misses, hitRatio, loads, refused, stale }
    }

    it('count the reads that find a value and those that do not', async () => {
      await cache.get('user')
      await cache.set('user', 'Ada')
      await cache.get('user')
      await cache.get('user')
      await cache.get('user')
      expect(await tally()).to.deep.equal({
        hits: 3,
        misses: 1,
        hitRatio: 0.75,
        loads: 0,
        refused: 0,
        stale: 0,
      })
    })

    it('count a cached undefined as found', async () => {
      await cache.set('nothing', undefined)
      await cache.get('nothing')
      expect(await tally()).to.include({ hits: 1, misses: 0, hitRatio: 1 })
    })

    it('count a load once, and everybody who waits for it as a miss', async () => {
      await Promise.all([1, 2, 3].map(() => cache.getOrSet('user', () => Promise.resolve('Ada'))))
      expect(await tally()).to.deep.equal({ hits: 0, misses: 3, hitRatio: 0, loads: 1, refused: 0, stale: 0 })
      await cache.getOrSet('user', () => 'Grace')
      expect(await tally()).to.deep.equal({
        hits: 1,
        misses: 3,
        hitRatio: 0.25,
        loads: 1,
        refused: 0,
        stale: 0,
      })
    })

    it('count a load that fails once, and each who waits for it as a miss', async () => {
      const failing = (): Promise<unknown> => cache.getOrSet('user', () => Promise.reject(new Error('no')))
      await Promise.all([rejection(failing()), rejection(failing())])
      expect(await tally()).to.include({ misses: 2, loads: 1 })
    })

    it('count those who get what is being set as hits', async () => {
      await Promise.all([cache.set('user', 'Ada'), cache.getOrSet('user', () => 'Grace')])
      expect(await tally()).to.include({ hits: 1, misses: 0, loads: 0 })
    })

    it('count values that cannot be written', async () => {
      await cache.set('count', () => 1)
      await cache.getOrSet('count', () => () => 1)
      expect(await tally()).to.include({ refused: 2 })
    })

    it('do not count writes and has', async () => {
      await cache.set('user', 'Ada')
      await cache.has('user')
      await cache.delete('user')
      await cache.has('user')
      await cache.invalidateTags('school')
      await cache.clear()
      expect(await tally()).to.deep.equal(NOTHING_YET)
    })
  })
})

function redisStats(stats: Awaited<ReturnType<Cache['getStats']>>) {
  if (stats.type === 'redis') return stats
  throw new Error(`Memory serves: ${stats.state}`)
}
