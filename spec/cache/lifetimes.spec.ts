import { inspect } from 'node:util'
import { expect } from 'chai'
import sinon from 'sinon'
import { InvalidOptionError } from 'holdfast'
import type { Cache, CacheOptions } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { eventually } from '../support/eventually'
import { ManualClock } from '../support/manual-clock'
import { untilNear } from '../support/near'
import { RedisServer } from '../support/redis-server'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

const HOUR_MS = 3_600_000

describe('Jitter', () => {
  const pool = new CachePool()
  let server: RedisServer

  before(async () => {
    server = await RedisServer.start()
  })

  after(() => server.close())

  afterEach(() => {
    sinon.restore()
  })

  async function lives(options: CacheOptions): Promise<number[]> {
    await server.command('FLUSHALL')
    const cache = await pool.connect(server, options)
    const keys = Array.from({ length: 60 }, (_, index) => `key:${String(index)}`)
    for (const key of keys.slice(0, 30)) await cache.set(key, 1, '1h')
    for (const key of keys.slice(30)) await cache.getOrSet(key, () => 1, '1h')
    await eventually(() => cache.has('key:59'))
    return Promise.all(keys.map(async (key) => Number(await server.command('PTTL', key))))
  }

  it('ends what was stored together at different times, within the last twentieth of its ttl', async () => {
    const left = await lives({})
    expect(Math.max(...left)).to.be.at.most(HOUR_MS)
    expect(Math.min(...left)).to.be.above(0.95 * HOUR_MS - 10_000)
    expect(Math.max(...left) - Math.min(...left)).to.be.above(0.02 * HOUR_MS)
  })

  it('of 0 is none', async () => {
    const left = await lives({ jitter: 0 })
    expect(Math.min(...left)).to.be.above(HOUR_MS - 10_000)
  })

  it('of 1 leaves a value a moment at least', async () => {
    sinon.stub(Math, 'random').returns(1 - 2 ** -53)
    const cache = pool.open({ jitter: 1, clock: new ManualClock() })
    await cache.set('key', 1, 10)
    expect(await cache.has('key')).to.equal(true)
  })

  for (const jitter of [-0.1, 1.1, Number.NaN, '5%', true]) {
    it(`of ${inspect(jitter)} is refused`, () => {
      const options = { redis: false, logger: false, jitter } as CacheOptions
      expect(() => pool.open(options)).to.throw(
        InvalidOptionError,
        'createCache: jitter: expected a number from 0 to 1',
      )
    })
  }
})

for (const store of ['memory', 'Redis'] as const) {
  describe(`Values that are made anew ahead of time, over ${store}`, () => {
    failOnUnhandledRejections()

    const pool = new CachePool()
    let server: RedisServer | undefined

    before(async () => {
      if (store === 'Redis') server = await RedisServer.start()
    })

    beforeEach(() => server?.command('FLUSHALL'))

    after(() => server?.close())

    afterEach(() => {
      sinon.restore()
    })

    function open(options: CacheOptions): Promise<Cache> | Cache {
      const all = { jitter: 0, ...options }
      return server === undefined ? pool.open(all) : pool.connect(server, all)
    }

    const SLOW_MS = 20

    /** A load that takes its time, and how often it ran. */
    function slowLoad() {
      let count = 0
      return sinon.fake(async () => {
        const until = performance.now() + SLOW_MS
        await eventually(() => performance.now() >= until)
        return { version: (count += 1) }
      })
    }

    for (const nearCache of [undefined, false] as const) {
      const where = nearCache === false ? 'the store' : 'the copy in process'

      it(`are answered meanwhile, from ${where}`, async () => {
        const cache = await open({ refreshAhead: true, ...(nearCache === false && { nearCache }) })
        const load = slowLoad()
        await cache.getOrSet('key', load, '10m')
        await eventually(() => cache.has('key'))
        if (nearCache !== false) await untilNear(cache, 'key')
        // The draw that makes a reader the one, as long as the end is within its window.
        sinon.stub(Math, 'random').returns(Number.MIN_VALUE)
        const far = 'ten minutes are no end in sight for a load of 20 ms'
        expect(await cache.getOrSet('key', load, '10m'), far).to.deep.equal({ version: 1 })
        expect(load.callCount, far).to.equal(1)
        await cache.delete('key')
        await cache.getOrSet('key', load, 200)
        await eventually(() => cache.has('key'))
        await eventually(async () => {
          await cache.getOrSet('key', load, '10m')
          return load.callCount === 3
        })
        // The one that is there is answered while the next is made.
        expect(await cache.getOrSet('key', load, '10m')).to.deep.equal({ version: 2 })
        await eventually(async () => (await cache.get<{ version: number }>('key'))?.version === 3)
        for (let call = 0; call < 20; call += 1) await cache.getOrSet('key', load, '10m')
        expect(load.callCount).to.equal(3)
      })
    }

    it('are not, where nobody has asked for it', async () => {
      const cache = await open({})
      const load = slowLoad()
      await cache.getOrSet('key', load, 300)
      await eventually(() => cache.has('key'))
      sinon.stub(Math, 'random').returns(Number.MIN_VALUE)
      for (let call = 0; call < 20; call += 1) await cache.getOrSet('key', load, 300)
      expect(load.callCount).to.equal(1)
    })

    it('are what the loader is told of', async () => {
      const cache = await open({ refreshAhead: 2 })
      await cache.getOrSet('key', slowLoad(), 200)
      await eventually(() => cache.has('key'))
      sinon.stub(Math, 'random').returns(Number.MIN_VALUE)
      const told = new Set<unknown>()
      await eventually(async () => {
        await cache.getOrSet<{ version: number }>('key', ({ previous }) => {
          told.add(previous?.value.version)
          return { version: 2 }
        })
        return told.size > 0
      })
      expect([...told]).to.deep.equal([1])
    })
  })
}

describe('refreshAhead', () => {
  const pool = new CachePool()

  for (const refreshAhead of [-1, 101, Number.NaN, 'yes', {}]) {
    it(`of ${inspect(refreshAhead)} is refused`, () => {
      const options = { redis: false, logger: false, refreshAhead } as CacheOptions
      expect(() => pool.open(options)).to.throw(InvalidOptionError, /^createCache: refreshAhead: expected /)
    })
  }
})
