import { inspect } from 'node:util'
import { expect } from 'chai'
import sinon from 'sinon'
import type { Cache } from 'holdfast'
import { InvalidOptionError } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { eventually } from '../support/eventually'
import { ManualClock } from '../support/manual-clock'
import { RedisServer } from '../support/redis-server'
import { rejection } from '../support/rejection'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

const HOUR_MS = 60 * 60 * 1000

describe('Tags', () => {
  failOnUnhandledRejections()

  const pool = new CachePool()
  let server: RedisServer

  before(async () => {
    server = await RedisServer.start()
  })

  beforeEach(() => server.command('FLUSHALL'))

  after(() => server.close())

  for (const store of ['memory', 'Redis'] as const) {
    describe(`over ${store}`, () => {
      let cache: Cache

      beforeEach(async () => {
        cache = store === 'memory' ? pool.open() : await pool.connect(server)
      })

      it('make void whatever has one of those that are invalidated, and nothing else', async () => {
        await cache.set('a', 1, '1h', { tags: ['school:1', 'people'] })
        await cache.set('b', 1, '1h', { tags: ['school:2', 'people'] })
        await cache.getOrSet('c', () => 1, '1h', { tags: ['school:3'] })
        await cache.set('d', 1)
        await cache.invalidateTags('school:1', 'school:3')
        const found = await Promise.all(['a', 'b', 'c', 'd'].map((key) => cache.has(key)))
        expect(found).to.deep.equal([false, true, false, true])
      })

      it('are no patterns and no prefixes', async () => {
        await cache.set('a', 1, '1h', { tags: ['school:1'] })
        await cache.invalidateTags('school', 'school:', 'school:*', '*', 'school:11', 'SCHOOL:1')
        expect(await cache.has('a')).to.equal(true)
      })

      it('do not touch what is stored after the invalidation', async () => {
        await cache.set('a', 'old', '1h', { tags: ['school'] })
        await cache.invalidateTags('school')
        await cache.set('a', 'new', '1h', { tags: ['school'] })
        expect(await cache.get('a')).to.equal('new')
        await cache.invalidateTags('school')
        expect(await cache.get('a')).to.equal(undefined)
      })

      it('are those of the value that is there, not of the one before', async () => {
        await cache.set('a', 'old', '1h', { tags: ['school'] })
        await cache.set('a', 'new', '1h', { tags: ['people'] })
        await cache.invalidateTags('school')
        expect(await cache.get('a')).to.equal('new')
        await cache.invalidateTags('people')
        expect(await cache.get('a')).to.equal(undefined)
      })

      it('count whether or not the reader names them', async () => {
        const load = sinon.fake.resolves('loaded')
        await cache.set('a', 'set', '1h', { tags: ['school'] })
        expect(await cache.getOrSet('a', load)).to.equal('set')
        expect(await cache.getOrSet('a', load, '1h', { tags: ['school'] })).to.equal('set')
        await cache.invalidateTags('school')
        expect(await cache.getOrSet('a', load)).to.equal('loaded')
      })

      it('may be named twice', async () => {
        await cache.set('a', 1, '1h', { tags: ['school', 'school'] })
        expect(await cache.get('a')).to.equal(1)
        await cache.invalidateTags('school', 'school')
        expect(await cache.get('a')).to.equal(undefined)
      })

      it('leave alone a value whose load saw the invalidation of others, also the first with its tag', async () => {
        const load = async () => {
          await cache.invalidateTags('elsewhere')
          return 'value'
        }
        await cache.set('another', 'so that there is a counter')
        await cache.getOrSet('a', load, '1h', { tags: ['school'] })
        expect(await cache.get('a')).to.equal('value')
      })

      it('may be invalidated before anything has them', async () => {
        await cache.invalidateTags('school')
        await cache.set('a', 1, '1h', { tags: ['school'] })
        expect(await cache.get('a')).to.equal(1)
      })

      it('are cleared with everything else', async () => {
        await cache.set('a', 1, '1h', { tags: ['school'] })
        await cache.set('b', 1)
        await cache.clear()
        expect(await Promise.all([cache.has('a'), cache.has('b')])).to.deep.equal([false, false])
        await cache.set('a', 2, '1h', { tags: ['school'] })
        expect(await cache.get('a')).to.equal(2)
      })
    })
  }

  describe('of two instances on one Redis', () => {
    let one: Cache
    let other: Cache

    beforeEach(async () => {
      ;[one, other] = await Promise.all([pool.connect(server), pool.connect(server)])
    })

    it('make void what the other has stored', async () => {
      await other.set('a', 1, '1h', { tags: ['school'] })
      await one.invalidateTags('school')
      expect(await other.get('a')).to.equal(undefined)
    })

    const changes: [name: string, change: () => Promise<unknown>][] = [
      ['an invalidation', () => other.invalidateTags('school')],
      ['a clear', () => other.clear()],
    ]
    for (const [name, change] of changes) {
      for (const history of ['the first time', 'again'] as const) {
        it(`make void what one loads ${history} while ${name} comes from the other`, async () => {
          if (history === 'again') await one.set('a', 'older', 1, { tags: ['school'] })
          await one.delete('a')
          const load = async () => {
            await change()
            return 'old'
          }
          expect(await one.getOrSet('a', load, '1h', { tags: ['school'] })).to.equal('old')
          expect(await one.get('a')).to.equal(undefined)
          expect(await other.get('a')).to.equal(undefined)
          expect(await one.getOrSet('a', () => 'new', '1h', { tags: ['school'] })).to.equal('new')
          expect(await other.get('a')).to.equal('new')
        })
      }
    }
  })

  describe('whose stamps are lost', () => {
    let cache: Cache

    beforeEach(async () => {
      cache = await pool.connect(server)
      await cache.set('a', 'old', '1h', { tags: ['school'] })
      await cache.set('b', 'old')
    })

    for (const name of ['tag:school', 'floor', 'counter']) {
      it(`serve nothing that was invalidated, and store again, when it is the ${name}`, async () => {
        await cache.invalidateTags('school')
        await server.command('DEL', `holdfast:{ns=}:${name}`)
        expect(await cache.get('a')).to.equal(undefined)
        await cache.getOrSet('a', () => 'new', '1h', { tags: ['school'] })
        expect(await cache.get('a')).to.equal('new')
        await cache.set('c', 'new')
        expect(await cache.get('c')).to.equal('new')
        await cache.invalidateTags('school')
        expect(await cache.get('a')).to.equal(undefined)
        expect(await cache.get('c')).to.equal('new')
      })
    }

    it('serve nothing of before when the count begins again', async () => {
      for (let round = 0; round < 5; round++) await cache.invalidateTags('elsewhere')
      await cache.set('a', 'old', '1h', { tags: ['school'] })
      await cache.set('b', 'old')
      const stamps = ['counter', 'floor', 'tag:school', 'tag:elsewhere']
      await server.command('DEL', ...stamps.map((name) => `holdfast:{ns=}:${name}`))
      await cache.invalidateTags('school')
      await cache.set('c', 'new', '1h', { tags: ['school'] })
      expect(await cache.get('a')).to.equal(undefined)
      expect(await cache.get('b')).to.equal(undefined)
      expect(await cache.get('c')).to.equal('new')
    })
  })

  it('take no time from what does not have them, however long nothing is stored', async () => {
    const clock = new ManualClock()
    const cache = pool.open({ clock, jitter: 0 })
    await cache.set('a', 1, '30d')
    await cache.invalidateTags('school')
    clock.advance(29 * 24 * HOUR_MS)
    await cache.set('b', 1)
    expect(await cache.get('a')).to.equal(1)
  })

  for (const invalidated of ['a tag', 'everything']) {
    it(`take no time from what is loaded after ${invalidated} was invalidated`, async () => {
      const clock = new ManualClock()
      const cache = pool.open({ clock })
      const load = async (key: string, ttl: string): Promise<void> => {
        await cache.getOrSet(key, () => 1, ttl, { tags: ['school'] })
        await eventually(() => cache.has(key))
      }
      await load('before', '30d')
      await (invalidated === 'a tag' ? cache.invalidateTags('school') : cache.clear())
      await load('first', '20d')
      await load('second', '20d')
      clock.advance(18 * 24 * HOUR_MS)
      expect(await cache.has('second')).to.equal(true)
    })
  }

  it('keep a long-lived value after one of its tags was invalidated before it was stored', async () => {
    const clock = new ManualClock()
    const cache = pool.open({ clock, jitter: 0 })
    await cache.invalidateTags('school')
    await cache.set('a', 1, '30d', { tags: ['school'] })
    clock.advance(29 * 24 * HOUR_MS)
    expect(await cache.get('a')).to.equal(1)
  })

  it('are at least one to be invalidated', async () => {
    const error = await rejection(pool.open().invalidateTags())
    expect(error).to.be.instanceOf(InvalidOptionError)
    expect(String(error)).to.equal('InvalidOptionError: invalidateTags: expected at least one tag, got none')
  })

  for (const tag of ['', 5, undefined, ['school']]) {
    it(`are strings that are not empty, unlike ${inspect(tag)}`, async () => {
      const error = await rejection(pool.open().invalidateTags('school', tag as string))
      expect(error)
        .to.be.instanceOf(InvalidOptionError)
        .and.match(/invalidateTags: expected an array of strings that are not empty/)
    })
  }
})
