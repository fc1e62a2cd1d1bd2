import { setTimeout as lasting } from 'node:timers/promises'
import { expect } from 'chai'
import type { Cache, ClientState } from 'holdfast'
import { CachePool } from '../../support/cache-pool'
import { eventually } from '../../support/eventually'
import { RedisServer } from '../../support/redis-server'
import { TcpProxy } from '../../support/tcp-proxy'
import { failOnUnhandledRejections } from '../../support/unhandled-rejections'

/** A heartbeat, and the time for its answer, on a machine that is busy with other things, too. */
const NOTICED_WITHIN_MS = 2500
const READY_WITHIN_MS = 1500
/** Long enough for a backoff without a cap to be far apart. */
const LONG_MS = 5000
const A_FEW_HEARTBEATS_MS = 2000

describe('A cache that nobody asks for anything', function () {
  this.timeout(30_000)
  failOnUnhandledRejections()

  const pool = new CachePool()
  let server: RedisServer
  let wire: TcpProxy
  let cache: Cache
  let states: ClientState[]

  beforeEach(async () => {
    server = await RedisServer.start({ persistent: true })
    wire = await TcpProxy.start(server.port)
    cache = pool.open({ redis: `redis://127.0.0.1:${String(wire.port)}` })
    await eventually(() => cache.isConnected)
    states = []
    cache.on('state', ({ to }) => states.push(to))
  })

  afterEach(async () => {
    await pool.close()
    await wire.close()
    await server.close()
  })

  const faults = [
    ['is gone', () => server.kill(), () => server.start()],
    ['is frozen', () => server.stop(), () => server.continue()],
    [
      'is made a replica',
      () => server.command('REPLICAOF', '127.0.0.1', '1'),
      () => server.command('REPLICAOF', 'NO', 'ONE'),
    ],
    [
      'is behind a wire that swallows everything',
      () => {
        wire.blackhole()
      },
      () => {
        wire.pass()
      },
    ],
  ] as const
  for (const [what, begin, end] of faults) {
    it(`notices soon that Redis ${what}, and as soon that it is back`, async () => {
      await begin()
      await eventually(() => cache.state === 'degraded', { withinMs: NOTICED_WITHIN_MS })
      await end()
      await eventually(() => cache.isConnected, { withinMs: READY_WITHIN_MS })
    })
  }

  it('finds its way back as soon after an outage of some length', async () => {
    await server.kill()
    await lasting(LONG_MS)
    await server.start()
    await eventually(() => cache.isConnected, { withinMs: READY_WITHIN_MS })
  })

  it('leaves a connection alone that is in order', async () => {
    const begun = performance.now()
    await eventually(() => performance.now() - begun > A_FEW_HEARTBEATS_MS)
    expect(states).to.deep.equal([])
    expect(wire.connections).to.equal(1)
  })
})
