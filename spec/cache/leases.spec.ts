import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { createCache } from 'holdfast'
import type { Cache } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { eventually } from '../support/eventually'
import { RedisServer } from '../support/redis-server'
import { rejection } from '../support/rejection'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

const LEASE = 'holdfast:lease:{key}'

describe('Leases', () => {
  failOnUnhandledRejections()

  const pool = new CachePool()
  let server: RedisServer
  let cache: Cache

  before(async () => {
    server = await RedisServer.start()
  })

  beforeEach(async () => {
    await server.command('FLUSHALL')
    cache = pool.adopt(createCache({ redis: server.url, logger: false }))
    await eventually(() => cache.isConnected)
  })

  after(() => server.close())

  /** A load that runs until it is told to end. */
  async function loading(options?: { tags: string[] }) {
    let finish: (value: unknown) => void = () => undefined
    let begun: () => void = () => undefined
    const hasBegun = new Promise<void>((resolve) => (begun = resolve))
    const load = () => {
      begun()
      return new Promise((resolve) => (finish = resolve))
    }
    const answer = cache.getOrSet('key', load, '1h', options)
    await hasBegun
    return {
      answer,
      finish: (value: unknown) => {
        finish(value)
      },
    }
  }

  async function isLeased(): Promise<boolean> {
    return (await server.command('EXISTS', LEASE)) === '1'
  }

  it('are held while a loader runs, and over when its value is stored', async () => {
    const { answer, finish } = await loading()
    expect(await isLeased()).to.equal(true)
    finish('made')
    expect(await answer).to.equal('made')
    await eventually(async () => !(await isLeased()))
    expect(await cache.get('key')).to.equal('made')
  })

  const ends: [what: string, load: () => unknown][] = [
    ['rejects', () => Promise.reject(new Error('no'))],
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['makes what cannot be written', () => () => 1],
  ]
  for (const [what, load] of ends) {
    it(`are given back by a loader that ${what}`, async () => {
      await rejection(cache.getOrSet('key', load).then(() => Promise.reject(new Error('it did not fail'))))
      await eventually(async () => !(await isLeased()), { withinMs: 300 })
    })
  }

  for (const change of ['invalidateTags', 'clear'] as const) {
    it(`are given back at once when ${change} makes the load void`, async () => {
      const { answer, finish } = await loading({ tags: ['tag'] })
      await (change === 'clear' ? cache.clear() : cache.invalidateTags('tag'))
      expect(await isLeased()).to.equal(false)
      expect(await cache.getOrSet('key', () => 'new')).to.equal('new')
      finish('old')
      expect(await answer).to.equal('old')
      expect(await cache.get('key')).to.equal('new')
    })
  }

  it('are given back as soon as Redis is back that was lost in the middle of a load', async () => {
    const { answer, finish } = await loading()
    await server.command('PERSIST', LEASE)
    await server.stop()
    await cache.get('key')
    expect(cache.isConnected).to.equal(false)
    await server.continue()
    await eventually(() => cache.isConnected)
    await eventually(async () => !(await isLeased()))
    finish('made')
    expect(await answer).to.equal('made')
    expect(await cache.get('key')).to.equal(undefined)
  })

  it('that their process held when it closed are given back', async () => {
    const { answer, finish } = await loading()
    await cache.close()
    expect(await isLeased()).to.equal(false)
    finish('made')
    expect(await answer).to.equal('made')
  })

  it('of a closed cache hold up nobody', async () => {
    await cache.close()
    for (const value of [1, 2]) expect(await cache.getOrSet('key', () => value)).to.equal(value)
  }).timeout(500)

  it('that somebody has made last for ever hold up nobody', async () => {
    await server.command('SET', LEASE, 'stray')
    expect(await cache.getOrSet('key', () => 'made')).to.equal('made')
  })

  for (const store of ['memory', 'Redis'] as const) {
    it(`on ${store} outlast a loader that holds the event loop`, async () => {
      const slow = store === 'memory' ? pool.open() : cache
      const value = await slow.getOrSet('key', () => {
        const end = performance.now() + 1100
        while (performance.now() < end);
        return 'made'
      })
      await eventually(async () => (await slow.get('key')) === value)
    })
  }

  it('are kept alive, as long as their loader runs', async () => {
    const { answer, finish } = await loading()
    const follower = pool.adopt(createCache({ redis: server.url, logger: false }))
    await eventually(() => follower.isConnected)
    const following = follower.getOrSet('key', () => 'made by the follower')
    await delay(2500)
    finish('made')
    expect([await answer, await following]).to.deep.equal(['made', 'made'])
  })

  const refused: [how: string, read: (load: () => Promise<unknown>) => Promise<unknown>][] = [
    ['unless refuses', (load) => cache.getOrSet('key', load, '1h', { grace: '1h', unless: () => true })],
    [
      'its loader skips',
      (load) =>
        cache.getOrSet(
          'key',
          (context) => {
            context.skip()
            return load()
          },
          '1h',
          { grace: '1h' },
        ),
    ],
    [
      'cannot be written',
      (load) => cache.getOrSet('key', () => load().then(() => load), '1h', { grace: '1h' }),
    ],
    [
      'the loader of many has not got',
      (load) =>
        cache.getOrSetMany(['key'], () => load().then(() => new Map<string, unknown>()), '1h', {
          grace: '1h',
        }),
    ],
  ]
  for (const [how, read] of refused) {
    it(`that end with a value which ${how} take away nothing that another process has set meanwhile`, async () => {
      const other = await pool.connect(server)
      await other.set('key', 'old', 20, { grace: '1h' })
      await eventually(async () => !(await other.has('key')))
      let finish: () => void = () => undefined
      let begin: () => void = () => undefined
      const begun = new Promise<void>((resolve) => (begin = resolve))
      await read(() => {
        begin()
        return new Promise((resolve) => {
          finish = () => {
            resolve('made')
          }
        })
      })
      await begun
      expect(await other.set('key', 'new')).to.equal('redis')
      finish()
      await cache.set('behind it', 1)
      await delay(20)
      await cache.redis?.ping()
      expect(await other.get('key')).to.equal('new')
      expect(await cache.get('key')).to.equal('new')
    })
  }
})
