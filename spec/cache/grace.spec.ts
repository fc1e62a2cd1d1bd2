import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import sinon from 'sinon'
import type { Cache, LoadContext } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { eventually } from '../support/eventually'
import { RedisServer } from '../support/redis-server'
import { rejection } from '../support/rejection'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

const TTL_MS = 40
const GRACE = { grace: '1m' }

for (const store of ['memory', 'Redis'] as const) {
  describe(`Values past their ttl, over ${store}`, () => {
    failOnUnhandledRejections()

    const pool = new CachePool()
    let server: RedisServer | undefined
    let cache: Cache

    before(async () => {
      if (store === 'Redis') server = await RedisServer.start()
    })

    beforeEach(async () => {
      await server?.command('FLUSHALL')
      cache = await open()
    })

    after(() => server?.close())

    async function open(): Promise<Cache> {
      const options = { jitter: 0 }
      return server === undefined ? pool.open(options) : pool.connect(server, options)
    }

    async function command(...words: string[]): Promise<string> {
      return (await server?.command(...words)) ?? ''
    }

    /** Stores a value and waits until its ttl is over, for every reader: each takes the time by itself. */
    async function makeStale(key = 'key', value: unknown = 'old', options: object = GRACE): Promise<void> {
      await cache.set(key, value, TTL_MS, options)
      await eventually(async () => !(await cache.has(key)))
      await delay(TTL_MS)
    }

    it('are answered at once within their grace, while one loader runs behind', async () => {
      await makeStale()
      const load = new Load()
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => cache.getOrSet('key', load.run, '1h', GRACE)),
      )
      expect(new Set(answers)).to.deep.equal(new Set(['old']))
      await load.begun
      expect(await cache.getOrSet('key', load.run, '1h', GRACE)).to.equal('old')
      load.finish('new')
      await eventually(async () => (await cache.get('key')) === 'new')
      expect(load.count).to.equal(1)
      expect(await cache.getOrSet('key', load.run, '1h', GRACE)).to.equal('new')
    })

    it('are waited for by those who take no grace, beside those who do', async () => {
      await makeStale()
      const load = new Load()
      expect(await cache.getOrSet('key', load.run, '1h', GRACE)).to.equal('old')
      const strict = cache.getOrSet('key', load.run, '1h')
      await load.begun
      load.finish('new')
      expect(await strict).to.equal('new')
      expect(load.count).to.equal(1)
    })

    it('are not what get and has know of', async () => {
      await makeStale()
      expect(await cache.get('key')).to.equal(undefined)
      expect(await cache.has('key')).to.equal(false)
      expect([...(await cache.getMany(['key'])).keys()]).to.deep.equal([])
    })

    it('stand in for as long as the loader fails, and the failure is told', async () => {
      await makeStale()
      const failure = new Error('The database is away')
      const load = sinon.fake.rejects(failure)
      const told = sinon.spy()
      cache.on('refreshFailed', told)
      expect(await cache.getOrSet('key', load, '1h', GRACE)).to.equal('old')
      await eventually(() => told.called)
      expect(told.firstCall.args).to.deep.equal([{ key: 'key', error: failure }])
      for (let call = 0; call < 20; call += 1)
        expect(await cache.getOrSet('key', load, '1h', GRACE)).to.equal('old')
      // Not again with each call.
      expect(load.callCount).to.equal(1)
    })

    it('are tried again a while after a failure', async () => {
      await makeStale()
      let isAway = true
      const load = sinon.fake(() => (isAway ? Promise.reject(new Error('away')) : Promise.resolve('new')))
      expect(await cache.getOrSet('key', load, '1h', GRACE)).to.equal('old')
      await eventually(() => load.callCount === 1)
      isAway = false
      await eventually(async () => (await cache.getOrSet('key', load, '1h', GRACE)) === 'new')
      expect(load.callCount).to.equal(2)
    })

    for (const [name, made, options] of [
      ['unless refuses', null, { ...GRACE, unless: (value: unknown) => value === null }],
      ['cannot be written', () => 1, GRACE],
    ] as const) {
      it(`end with a new value that ${name}: it is what is so now`, async () => {
        await makeStale()
        const load = sinon.fake.resolves(made)
        expect(await cache.getOrSet<unknown>('key', load, '1h', options)).to.equal('old')
        await eventually(async () => (await cache.getOrSet<unknown>('key', load, '1h', options)) === made)
      })
    }

    it('bring what the loader throws to those who take no grace', async () => {
      await makeStale()
      const failure = new Error('The database is away')
      expect(await rejection(cache.getOrSet('key', sinon.fake.rejects(failure), '1h'))).to.equal(failure)
    })

    it('are gone when their grace is over', async () => {
      await makeStale('key', 'old', { grace: 30 })
      await eventually(async () => (await cache.getOrSet('key', () => 'new', '1h', { grace: 30 })) === 'new')
    })

    it('are too old for who takes less grace than they were stored with', async () => {
      await makeStale()
      await delay(60)
      expect(await cache.getOrSet('key', () => 'new', '1h', { grace: 50 })).to.equal('new')
    })

    for (const [name, change] of [
      ['a delete', () => cache.delete('key')],
      ['an invalidation of their tag', () => cache.invalidateTags('school')],
      ['a clear', () => cache.clear()],
    ] as const) {
      it(`do not outlive ${name}`, async () => {
        await makeStale('key', 'old', { ...GRACE, tags: ['school'] })
        await change()
        expect(await cache.getOrSet('key', () => 'new', '1h', GRACE)).to.equal('new')
      })

      it(`do not outlive ${name} that comes while a loader runs behind`, async () => {
        await makeStale('key', 'old', { ...GRACE, tags: ['school'] })
        const load = new Load()
        const options = { ...GRACE, tags: ['school'] }
        expect(await cache.getOrSet('key', load.run, '1h', options)).to.equal('old')
        await load.begun
        await change()
        expect(await cache.getOrSet('key', () => 'newer', '1h', options)).to.equal('newer')
        load.finish('overtaken')
        expect(await cache.getOrSet('key', () => 'not run', '1h', options)).to.equal('newer')
      })
    }

    it('are what the loader is told of', async () => {
      await makeStale('key', { version: 1 })
      const load = sinon.fake((context: LoadContext<{ version: number }>) => {
        const { version } = context.previous?.value ?? { version: 0 }
        return { version: version + 1 }
      })
      await cache.getOrSet('key', load, '1h', GRACE)
      await eventually(async () => (await cache.get<{ version: number }>('key'))?.version === 2)
      await cache.delete('key')
      expect(await cache.getOrSet('key', load, '1h', GRACE)).to.deep.equal({ version: 1 })
    })

    it('count as hits, and as stale', async () => {
      await makeStale()
      const before = await cache.getStats()
      await cache.getOrSet('key', () => 'new', '1h', GRACE)
      const after = await cache.getStats()
      expect([after.hits - before.hits, after.stale - before.stale]).to.deep.equal([1, 1])
    })

    if (store === 'memory') return

    it('say in their entry for how long they may stand in, and have as much longer to live', async () => {
      await cache.set('key', 'value', 10_000, { grace: 5000 })
      const [header] = (await command('GET', 'key')).split('\n')
      expect(header?.split(' ')[3]).to.match(/^\d+;grace=5000$/)
      expect(Number(await command('PTTL', 'key'))).to.be.within(14_000, 15_000)
    })

    it('are made anew by one of all instances', async () => {
      const other = await open()
      await makeStale()
      const load = new Load()
      expect(await cache.getOrSet('key', load.run, '1h', GRACE)).to.equal('old')
      await load.begun
      expect(await other.getOrSet('key', load.run, '1h', GRACE)).to.equal('old')
      load.finish('new')
      await eventually(async () => (await other.getOrSet('key', load.run, '1h', GRACE)) === 'new')
      expect(load.count).to.equal(1)
    })
  })
}

describe('A grace', () => {
  const pool = new CachePool()

  it('is cut short, and not the ttl, where memory keeps nothing for long', async () => {
    const server = await RedisServer.start()
    const cache = await pool.connect(server, { jitter: 0, memory: { maxAge: '1s' }, commandTimeout: 100 })
    await server.close()
    await eventually(() => !cache.isConnected)
    const load = sinon.fake.resolves('made')
    await cache.getOrSet('key', load, '1h', { grace: '1h' })
    await cache.getOrSet('key', load, '1h', { grace: '1h' })
    expect(load.callCount).to.equal(1)
    expect((await cache.getStats()).stale).to.equal(0)
  })

  for (const [grace, got] of [
    [-1, '-1'],
    [Number.NaN, 'NaN'],
    ['soon', "'soon'"],
  ] as const) {
    it(`of ${String(grace)} is refused`, async () => {
      const error = await rejection(pool.open().set('key', 1, '1h', { grace }))
      expect(String(error))
        .to.match(/^InvalidOptionError: set: grace: /)
        .and.include(`got ${got}`)
    })
  }

  it('of 0 is none', async () => {
    const cache = pool.open()
    await cache.set('key', 1, '1h', { grace: 0 })
    expect(await cache.get('key')).to.equal(1)
  })
})

/** A loader that runs until it is told to end. */
class Load {
  count = 0
  finish: (value: string) => void = () => undefined
  #begin: () => void = () => undefined
  readonly begun = new Promise<void>((resolve) => (this.#begin = resolve))
  readonly run = (): Promise<string> => {
    this.count += 1
    this.#begin()
    return new Promise((resolve) => (this.finish = resolve))
  }
}
