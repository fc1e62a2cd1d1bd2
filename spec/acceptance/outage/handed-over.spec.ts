import { inspect } from 'node:util'
import { expect } from 'chai'
import type { Cache } from 'holdfast'
import { createClient } from 'redis'
import { CachePool } from '../../support/cache-pool'
import { eventually } from '../../support/eventually'
import { RedisServer } from '../../support/redis-server'
import { failOnUnhandledRejections } from '../../support/unhandled-rejections'

const ROUNDS = 200
/** Far below what waiting for Redis would take. */
const MOST_MS = 400

type Client = ReturnType<typeof createClient>

describe('A cache over a node-redis client of the caller', function () {
  this.timeout(30_000)
  failOnUnhandledRejections()

  const pool = new CachePool()
  let server: RedisServer
  let client: Client

  beforeEach(async () => {
    server = await RedisServer.start({ persistent: true })
  })

  afterEach(async () => {
    await pool.close()
    if (client.isOpen) client.destroy()
    await server.close()
  })

  const clients = [
    ['with an offline queue and a listener', { disableOfflineQueue: false, listens: true, connects: true }],
    ['with no offline queue and a listener', { disableOfflineQueue: true, listens: true, connects: true }],
    [
      'with an offline queue, which nobody listens to',
      { disableOfflineQueue: false, listens: false, connects: false },
    ],
    [
      'with no offline queue, which nobody listens to',
      { disableOfflineQueue: true, listens: false, connects: false },
    ],
  ] as const
  const faults = [
    ['kill', () => server.kill(), () => server.start()],
    ['freeze', () => server.stop(), () => server.continue()],
  ] as const

  for (const [which, { disableOfflineQueue, listens, connects }] of clients) {
    for (const [what, begin, end] of faults) {
      it(`(${which}) holds in a ${what}, and leaves the client as it is`, async () => {
        client = createClient({ url: server.url, disableOfflineQueue })
        if (listens) client.on('error', () => undefined)
        if (connects) await client.connect()
        const before = describeClient(client)
        const cache = pool.open({ redis: client })
        await eventually(() => cache.isConnected)
        await cache.set('user', 'old')

        await begin()
        expect(await callAgainAndAgain(cache)).to.be.lessThan(MOST_MS)
        await eventually(() => cache.state === 'degraded')
        expect(await callAgainAndAgain(cache)).to.be.lessThan(MOST_MS)
        expect(await cache.delete('user')).to.equal('memory')
        await end()
        await eventually(() => cache.isConnected)
        expect(await cache.get('user')).to.equal(undefined)
        expect(await cache.set('user', 'new')).to.equal('redis')

        await cache.close()
        if (connects) await eventually(() => client.isReady)
        expect(describeClient(client)).to.deep.equal(before)
        if (connects) expect(await client.get('user')).to.be.a('string')
      })
    }
  }
})

/** Calls of each kind, one after the other; rejects if one of them does. The longest that one took. */
async function callAgainAndAgain(cache: Cache): Promise<number> {
  let longestMs = 0
  for (let round = 0; round < ROUNDS; round++) {
    const calls = [
      () => cache.get('a'),
      () => cache.getOrSet('b', () => 'loaded'),
      () => cache.set('c', 'value'),
      () => cache.delete('b'),
      () => cache.invalidateTags('tag'),
    ]
    for (const call of calls) {
      const begun = performance.now()
      await call()
      longestMs = Math.max(longestMs, performance.now() - begun)
    }
  }
  return longestMs
}

/** What must not be changed by others. */
function describeClient(client: Client): object {
  const listeners = client.eventNames().map((name) => [name, client.listenerCount(name)])
  return { options: inspect(client.options, { depth: 5 }), isOpen: client.isOpen, listeners }
}
