import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { createCache, InvalidOptionError } from 'holdfast'
import type { Cache, CacheOptions } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { eventually } from '../support/eventually'
import { ManualClock } from '../support/manual-clock'
import { isNear, timesAsked, untilNear } from '../support/near'
import { RedisServer } from '../support/redis-server'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

const READINGS = 300
/** Far fewer than readings, and more than a slow machine's heartbeats. */
const FEW = 100

describe('What is kept near', () => {
  failOnUnhandledRejections()

  const pool = new CachePool()
  let server: RedisServer

  before(async () => {
    server = await RedisServer.start()
  })

  beforeEach(() => server.command('FLUSHALL'))

  after(() => server.close())

  /** How often Redis is asked meanwhile. */
  async function asked(work: () => Promise<unknown>): Promise<number> {
    const before = await timesAsked(server)
    await work()
    return (await timesAsked(server)) - before
  }

  async function repeat(work: () => Promise<unknown>): Promise<void> {
    for (let reading = 0; reading < READINGS; reading += 1) await work()
  }

  const readings: [name: string, read: (cache: Cache) => Promise<unknown>][] = [
    ['get', (cache) => cache.get('key')],
    ['getOrSet', (cache) => cache.getOrSet('key', () => 'made again')],
    ['has', (cache) => cache.has('key')],
  ]
  for (const [name, read] of readings) {
    it(`is not asked of Redis by ${name}`, async () => {
      const cache = await pool.connect(server)
      await cache.set('key', { of: ['Ada'] })
      await untilNear(cache, 'key')
      const first = await read(cache)
      expect(await asked(() => repeat(async () => expect(await read(cache)).to.equal(first)))).to.be.below(
        FEW,
      )
    })

    it(`is asked of Redis by ${name} where there is no near cache`, async () => {
      const cache = await pool.connect(server, { nearCache: false })
      await cache.set('key', { of: ['Ada'] })
      await read(cache)
      const first = await read(cache)
      expect(
        await asked(() => repeat(async () => expect(await read(cache)).to.deep.equal(first))),
      ).to.be.least(READINGS)
    })
  }

  it('is kept by the first reading of getOrSet as well', async () => {
    const cache = await pool.connect(server)
    await cache.set('key', 'Ada')
    await cache.getOrSet('key', () => 'made')
    await cache.has('nothing')
    expect(await asked(() => repeat(() => cache.getOrSet('key', () => 'made')))).to.be.below(FEW)
  })

  it('is counted as a hit', async () => {
    const cache = await pool.connect(server)
    await cache.set('key', { of: 'Ada' })
    await untilNear(cache, 'key')
    const { hits } = await cache.getStats()
    await cache.get('key')
    await cache.getOrSet('key', () => 'made')
    expect((await cache.getStats()).hits).to.equal(hits + 2)
  })

  for (const store of ['Redis', 'memory'] as const) {
    describe(`of ${store}`, () => {
      let cache: Cache

      beforeEach(async () => {
        cache = store === 'Redis' ? await pool.connect(server) : pool.open()
      })

      it('is one frozen object for all, where it is plain JSON', async () => {
        await cache.set('key', { of: [{ name: 'Ada' }] })
        await untilNear(cache, 'key')
        const found = await cache.get<{ of: { name: string }[] }>('key')
        expect(await cache.getOrSet('key', () => 'made')).to.equal(found)
        expect(found).to.be.frozen
        expect(found?.of).to.be.frozen
        expect(found?.of[0]).to.be.frozen
      })

      it('cannot be spoilt by a reader', async () => {
        await cache.set('key', { of: ['Ada'] })
        await untilNear(cache, 'key')
        const found = await cache.get<{ of: string[] }>('key')
        expect(() => found?.of.push('Grace')).to.throw(TypeError)
        expect(await cache.get('key')).to.deep.equal({ of: ['Ada'] })
      })

      const copied: [what: string, value: unknown, spoil: (found: never) => void][] = [
        ['a date', { at: new Date(0) }, (found: { at: Date }) => found.at.setTime(1)],
        ['a map', new Map([['a', [1]]]), (found: Map<string, number[]>) => found.get('a')?.push(2)],
        ['bytes', Buffer.from('Ada'), (found: Buffer) => found.fill('x')],
        ['an array with a hole', Object.assign([], { 2: 'a' }), (found: string[]) => found.push('b')],
      ]
      for (const [what, value, spoil] of copied) {
        it(`is a copy for each reader, where it is ${what}`, async () => {
          await cache.set('key', value)
          for (let reading = 0; reading < 5; reading += 1) {
            const found = await cache.get('key')
            expect(found).to.deep.equal(value)
            spoil(found as never)
          }
          const load = () => 'made'
          expect(await cache.getOrSet('key', load)).not.to.equal(await cache.getOrSet('key', load))
          if (store === 'Redis') expect(await asked(() => repeat(() => cache.get('key')))).to.be.below(FEW)
        })
      }

      it('is over when its time is, whoever keeps reading it', async () => {
        await cache.set('key', { of: 'Ada' }, 200)
        await untilNear(cache, 'key')
        await eventually(async () => (await cache.get('key')) === undefined)
      })

      for (const change of ['set', 'delete', 'invalidateTags', 'clear'] as const) {
        it(`is no longer found after ${change}`, async () => {
          for (let round = 0; round < 10; round += 1) {
            await cache.set('key', { round }, '1h', { tags: ['a', 'b'] })
            await untilNear(cache, 'key')
            if (change === 'set') await cache.set('key', { round: 'new' })
            else if (change === 'delete') await cache.delete('key')
            else if (change === 'clear') await cache.clear()
            else await cache.invalidateTags('b')
            expect(await cache.get('key')).to.deep.equal(change === 'set' ? { round: 'new' } : undefined)
          }
        })
      }

      it('is nothing once the cache is closed', async () => {
        await cache.set('key', { of: 'Ada' })
        await untilNear(cache, 'key')
        const reading = cache.get('key')
        await cache.close()
        await reading
        expect(await cache.get('key')).to.equal(undefined)
        expect(await cache.has('key')).to.equal(false)
      })
    })
  }

  describe('of memory', () => {
    it('goes by the clock that the cache has', async () => {
      const clock = new ManualClock()
      const cache = pool.open({ clock, jitter: 0 })
      await cache.set('key', { of: 'Ada' }, '1m')
      clock.advance(30_000)
      await untilNear(cache, 'key')
      clock.advance(29_999)
      expect(await isNear(cache, 'key')).to.equal(true)
      clock.advance(2)
      expect(await cache.get('key')).to.equal(undefined)
    })

    for (const change of ['set', 'delete', 'invalidateTags', 'clear'] as const) {
      it(`is not what a reading finds that ${change} overtakes`, async () => {
        const cache = pool.open()
        const tagged = { tags: ['a'] }
        for (let round = 0; round < 80; round += 1) {
          await cache.set('key', { round }, '1h', tagged)
          const load = () => ({ round: 'made' })
          const reading = round % 2 === 0 ? cache.get('key') : cache.getOrSet('key', load, '1h', tagged)
          // Each time a little later.
          for (let turn = 0; turn < round / 2; turn += 1) await Promise.resolve()
          if (change === 'set') await cache.set('key', { round: 'new' })
          else if (change === 'delete') await cache.delete('key')
          else if (change === 'clear') await cache.clear()
          else await cache.invalidateTags('a')
          expect(await cache.get('key')).not.to.deep.equal({ round })
          await reading
          await cache.has('nothing')
          expect(await cache.get('key')).not.to.deep.equal({ round })
        }
      })
    }
  })

  it('is as many values as it may be, of which the others have to be asked for', async () => {
    const cache = await pool.connect(server, { nearCache: { maxEntries: 10 } })
    const keys = Array.from({ length: READINGS }, (_, index) => `key ${String(index)}`)
    for (const key of keys) await cache.set(key, { key })
    const pass = async () => {
      for (const key of keys) expect(await cache.get(key)).to.deep.equal({ key })
    }
    await pass()
    expect(await asked(pass)).to.be.least(READINGS - 10)
  })

  it('takes as many bytes as it may', async () => {
    const cache = await pool.connect(server, { nearCache: { maxBytes: 5000 } })
    const keys = Array.from({ length: READINGS }, (_, index) => `key ${String(index)}`)
    for (const key of keys) await cache.set(key, { text: 'x'.repeat(400) })
    const pass = async () => {
      for (const key of keys) await cache.get(key)
    }
    await pass()
    expect(await asked(pass)).to.be.least(READINGS - 12)
  })

  it('is no value that alone takes more than that', async () => {
    const cache = await pool.connect(server, { nearCache: { maxBytes: 1000 } })
    await cache.set('large', { text: 'x'.repeat(1001) })
    await cache.set('small', { text: 'x'.repeat(900) })
    await untilNear(cache, 'small')
    for (let reading = 0; reading < 10; reading += 1) expect(await isNear(cache, 'large')).to.equal(false)
    expect(await isNear(cache, 'small')).to.equal(true)
  })

  it('takes its own bytes and not those of all that arrived with it', async () => {
    setFlagsFromString('--expose-gc')
    const collectGarbage = runInNewContext('gc') as () => void
    const cache = await pool.connect(server)
    const keys = Array.from({ length: READINGS }, (_, index) => `key ${String(index)}`)
    for (const key of keys) await cache.set(key, { at: new Date() })
    await cache.redis?.set('large', 'x'.repeat(60_000))
    collectGarbage()
    const before = process.memoryUsage().arrayBuffers
    for (const key of keys)
      await Promise.all([cache.redis?.get('large'), cache.get(key), cache.redis?.get('large')])
    expect(await asked(() => repeat(() => cache.get('key 0')))).to.be.below(FEW)
    // What is collected is let go by another thread, in its own time.
    await eventually(() => {
      collectGarbage()
      expect(process.memoryUsage().arrayBuffers - before).to.be.below(4 * 2 ** 20)
    })
  })

  const refused: [option: string, nearCache: unknown][] = [
    ['nearCache', true],
    ['nearCache', null],
    ['nearCache', 10],
    ['nearCache', []],
    ['nearCache.maxEntries', { maxEntries: 0 }],
    ['nearCache.maxEntries', { maxEntries: 1.5 }],
    ['nearCache.maxEntries', { maxEntries: '10' }],
    ['nearCache.maxBytes', { maxBytes: 0 }],
    ['nearCache.maxBytes', { maxBytes: Infinity }],
    ['nearCache', { maxEntires: 10 }],
  ]
  for (const [option, nearCache] of refused) {
    it(`is never as ${JSON.stringify(nearCache)} says, and the error names ${option}`, () => {
      const make = () => createCache({ redis: false, logger: false, nearCache } as CacheOptions)
      expect(make).to.throw(InvalidOptionError, `createCache: ${option}`)
    })
  }
})
