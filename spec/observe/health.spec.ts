import { expect } from 'chai'
import type { Cache, ClientState, Health } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { eventually } from '../support/eventually'
import { RedisServer } from '../support/redis-server'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

const OVER_MEMORY = { type: 'memory', connected: false } as const

describe('Health', () => {
  failOnUnhandledRejections()

  const pool = new CachePool()
  let server: RedisServer

  beforeEach(async () => {
    server = await RedisServer.start()
  })

  afterEach(() => server.close())

  /** How a cache says it is, asked at the moment when it enters a state. */
  function askedOn(cache: Cache, state: ClientState): Promise<Health> {
    return new Promise((resolve) => {
      const stop = cache.on('state', ({ to }) => {
        if (to !== state) return
        stop()
        resolve(cache.health())
      })
    })
  }

  it('is ok on memory, where no Redis is configured', async () => {
    expect(await pool.open().health()).to.deep.equal({ status: 'ok', state: 'memory', ...OVER_MEMORY })
  })

  it('is ok on Redis, and says how long Redis took to answer', async () => {
    const cache = await pool.connect(server)
    const { latencyMs, ...health } = await cache.health()
    expect(health).to.deep.equal({ status: 'ok', state: 'ready', type: 'redis', connected: true })
    expect(latencyMs).to.be.a('number').within(0, 5000)
  })

  it('is degraded while the first connection is under way', async () => {
    await server.stop()
    const cache = pool.open({ redis: server.url, commandTimeout: 20 })
    expect(await cache.health()).to.deep.equal({ status: 'degraded', state: 'connecting', ...OVER_MEMORY })
  })

  it('waits for a first connection that is quick, within the budget of a command', async () => {
    const cache = pool.open({ redis: server.url, commandTimeout: 5000 })
    expect(cache.state).to.equal('connecting')
    expect(await cache.health()).to.include({ status: 'ok', state: 'ready', connected: true })
  })

  it('is degraded without Redis, and says why', async () => {
    const cache = await pool.connect(server)
    await server.kill()
    await eventually(() => cache.state === 'degraded')
    await eventually(async () => {
      expect(await cache.health()).to.deep.equal({
        status: 'degraded',
        state: 'degraded',
        ...OVER_MEMORY,
        cause: `connect ECONNREFUSED 127.0.0.1:${String(server.port)}`,
      })
    })
  })

  it('is degraded while Redis is suspected, and while it is brought up to date', async () => {
    const cache = pool.open({ redis: server.url, commandTimeout: 50 })
    await eventually(() => cache.isConnected)
    const [suspect, recovering] = [askedOn(cache, 'suspect'), askedOn(cache, 'recovering')]
    await server.stop()
    await cache.get('user')
    expect(await suspect).to.include({ status: 'degraded', state: 'suspect', ...OVER_MEMORY })
    await server.continue()
    expect(await recovering).to.include({ status: 'degraded', state: 'recovering', ...OVER_MEMORY })
  })

  it('is ok again after an outage, without a cause', async () => {
    const cache = await pool.connect(server)
    await server.kill()
    await eventually(() => cache.state === 'degraded')
    await server.start()
    await eventually(() => cache.isConnected)
    const { latencyMs, ...health } = await cache.health()
    expect(health).to.deep.equal({ status: 'ok', state: 'ready', type: 'redis', connected: true })
    expect(latencyMs).to.be.a('number')
  })

  it('does not wait for a Redis that does not answer', async () => {
    const cache = pool.open({ redis: server.url, commandTimeout: 50 })
    await eventually(() => cache.isConnected)
    await server.stop()
    expect(await cache.health()).to.include({ status: 'degraded', ...OVER_MEMORY })
  })

  for (const [name, open] of [
    ['memory', () => Promise.resolve(pool.open())],
    ['Redis', () => pool.connect(server)],
  ] as const) {
    it(`is closed once a cache on ${name} is`, async () => {
      const cache = await open()
      await cache.close()
      expect(await cache.health()).to.deep.equal({ status: 'closed', state: 'closed', ...OVER_MEMORY })
    })
  }

  it('is closed, and no longer says why Redis was away, once the cache is closed in an outage', async () => {
    const cache = await pool.connect(server)
    await server.kill()
    await eventually(() => cache.state === 'degraded')
    await cache.close()
    expect(await cache.health()).to.deep.equal({ status: 'closed', state: 'closed', ...OVER_MEMORY })
  })
})
