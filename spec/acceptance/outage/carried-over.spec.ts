import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import type { Cache } from 'holdfast'
import { CachePool } from '../../support/cache-pool'
import { eventually } from '../../support/eventually'
import { RedisServer } from '../../support/redis-server'
import { failOnUnhandledRejections } from '../../support/unhandled-rejections'

describe('What is carried over an outage', function () {
  this.timeout(60_000)
  failOnUnhandledRejections()

  const pool = new CachePool()
  let server: RedisServer
  let one: Cache
  let other: Cache

  beforeEach(async () => {
    server = await RedisServer.start({ persistent: true })
    one = pool.open({ redis: server.url })
    other = pool.open({ redis: server.url })
    await ready()
  })

  afterEach(async () => {
    await pool.close()
    await server.close()
  })

  async function ready(): Promise<void> {
    await eventually(() => one.isConnected && other.isConnected, { withinMs: 20_000 })
  }

  async function cutOff(): Promise<void> {
    await eventually(() => !one.isConnected && !other.isConnected)
  }

  it('is every delete and every invalidation made meanwhile, on any instance, and no more', async () => {
    for (const key of ['kept', 'deleted', 'written']) await load(one, key)
    await load(one, 'tagged', ['school'])
    await load(other, 'tagged by the other', ['people'])

    await server.kill()
    await cutOff()
    const changes = [
      one.delete('deleted'),
      one.invalidateTags('school'),
      one.set('written', 'new'),
      other.invalidateTags('people'),
    ]
    expect(await Promise.all(changes)).to.deep.equal(['memory', 'memory', 'memory', 'memory'])
    expect(await one.get('deleted')).to.equal(undefined)
    expect(await one.get('written')).to.equal('new')

    await server.start()
    await ready()
    for (const cache of [one, other]) {
      expect(await cache.get('kept')).to.equal('old')
      for (const key of ['deleted', 'tagged', 'tagged by the other']) {
        expect(await cache.get(key), key).to.equal(undefined)
      }
      expect(await cache.get('written')).not.to.equal('old')
    }
  })

  it('is a clear of the namespace that was made meanwhile, and of no other', async () => {
    const school = pool.open({ redis: server.url, namespace: 'school' })
    await eventually(() => school.isConnected)
    for (const cache of [one, school]) await load(cache, 'user')

    await server.kill()
    await cutOff()
    await eventually(() => !school.isConnected)
    expect(await one.clear()).to.equal('memory')

    await server.start()
    await ready()
    await eventually(() => school.isConnected)
    expect(await one.get('user')).to.equal(undefined)
    expect(await other.get('user')).to.equal(undefined)
    expect(await school.get('user')).to.equal('old')
  })

  it('is nothing that memory held: the next outage begins with none of it', async () => {
    await server.kill()
    await cutOff()
    await one.set('user', 'of the first outage')
    await server.start()
    await ready()
    await other.set('user', 'of the time between')
    await server.kill()
    await cutOff()
    expect(await one.get('user')).to.equal(undefined)
  })

  it('is nothing that was being loaded when it began, or ended, and was invalidated meanwhile', async () => {
    const loads = [gate(), gate()]
    const [before, during] = loads
    const early = one.getOrSet('early', () => before?.passed ?? 'none', '1h', { tags: ['school'] })
    await eventually(async () => (await one.getStats()).loads === 1)
    await server.kill()
    await cutOff()
    const late = one.getOrSet('late', () => during?.passed ?? 'none', '1h', { tags: ['school'] })
    await eventually(async () => (await one.getStats()).loads === 2)
    await one.invalidateTags('school')
    await server.start()
    await ready()
    for (const load of loads) load.pass('old')
    expect(await Promise.all([early, late])).to.deep.equal(['old', 'old'])
    for (const cache of [one, other]) {
      for (const key of ['early', 'late']) expect(await cache.get(key), key).to.equal(undefined)
    }
  })

  it('is all over in time although something changes in every turn of the event loop', async () => {
    let isOver = false
    const write = async () => {
      while (!isOver) {
        await one.delete('user')
        await turn()
      }
    }
    await server.kill()
    await cutOff()
    const writers = [1, 2, 3, 4].map(write)
    try {
      await server.start()
      await eventually(() => one.isConnected)
    } finally {
      isOver = true
      await Promise.all(writers)
    }
  })

  it('is nothing that a starting process waits for, even if Redis takes the connection and is silent', async () => {
    await server.stop()
    const cache = pool.open({ redis: server.url })
    expect(cache.state).to.equal('connecting')
    expect(await cache.get('user')).to.equal(undefined)
    expect(await cache.set('user', 'Ada')).to.equal('memory')
    expect(await cache.getOrSet('user', () => 'loaded')).to.equal('Ada')
    expect(await cache.invalidateTags('school')).to.equal('memory')
    expect(await cache.delete('user')).to.equal('memory')
    expect(await cache.clear()).to.equal('memory')
    expect(cache.state).to.equal('connecting')

    await server.continue()
    await eventually(() => cache.isConnected)
    expect(await cache.set('user', 'Ada')).to.equal('redis')
  })

  it('is what was deleted before the first connection', async () => {
    await one.set('user', 'old')
    await one.set('role', 'old', '1h', { tags: ['school'] })
    await server.stop()
    const late = pool.open({ redis: server.url })
    expect(await late.delete('user')).to.equal('memory')
    expect(await late.invalidateTags('school')).to.equal('memory')
    await server.continue()
    await eventually(() => late.isConnected)
    await ready()
    for (const cache of [late, one, other]) {
      expect(await cache.get('user')).to.equal(undefined)
      expect(await cache.get('role')).to.equal(undefined)
    }
  })
})

/** Has a value loaded, and waits until it is stored. A load is no change: Redis's word for it is enough. */
async function load(cache: Cache, key: string, tags: string[] = []): Promise<void> {
  await cache.getOrSet(key, () => 'old', '1h', { tags })
  await eventually(async () => (await cache.get(key)) === 'old')
}

/** Something to wait for until the test lets it pass. */
function gate(): { passed: Promise<string>; pass: (value: string) => void } {
  let pass: (value: string) => void = () => undefined
  const passed = new Promise<string>((resolve) => {
    pass = resolve
  })
  return { passed, pass }
}
