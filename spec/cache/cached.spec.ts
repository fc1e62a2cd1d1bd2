import { inspect } from 'node:util'
import { expect } from 'chai'
import sinon from 'sinon'
import { cached, InvalidOptionError } from 'holdfast'
import type { Cache, CachedOptions } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { ManualClock } from '../support/manual-clock'
import { rejection } from '../support/rejection'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'
import { useDefaultCache } from '../support/use-default-cache'

const MINUTE_MS = 60_000

describe('cached', () => {
  failOnUnhandledRejections()

  const pool = new CachePool()
  let cache: Cache

  beforeEach(() => {
    cache = pool.open()
  })

  it('runs a function once for each key', async () => {
    const find = sinon.fake((id: string) => Promise.resolve({ id }))
    const findUser = cached(find, 'user:{0}', '1h', { cache })
    expect(await findUser('ada')).to.deep.equal({ id: 'ada' })
    expect(await findUser('ada')).to.deep.equal({ id: 'ada' })
    expect(await findUser('grace')).to.deep.equal({ id: 'grace' })
    expect(find.args).to.deep.equal([['ada'], ['grace']])
  })

  it('has the name and the length of the function', () => {
    async function findUser(id: string, year: number): Promise<string> {
      return Promise.resolve(`${id} in ${String(year)}`)
    }
    const call = cached(findUser, 'user:{0}:{1}', '1h', { cache })
    expect([call.name, call.length]).to.deep.equal(['findUser', 2])
  })

  it('runs it once however many call at the same time', async () => {
    const find = sinon.fake((id: string) => Promise.resolve({ id }))
    const findUser = cached(find, (id) => ['user', id], '1h', { cache })
    await Promise.all(Array.from({ length: 100 }, () => findUser('ada')))
    expect(find.callCount).to.equal(1)
  })

  it('shares what is under its key with the cache', async () => {
    const findUser = cached((id: string) => Promise.resolve(`loaded ${id}`), 'user:{0}', '1h', { cache })
    await cache.set('user:ada', 'set')
    expect(await findUser('ada')).to.equal('set')
    await cache.delete('user:ada')
    expect(await findUser('ada')).to.equal('loaded ada')
  })

  it('rejects with what the function throws, and tries again at the next call', async () => {
    const failure = new Error('The database is away')
    const find = sinon.stub<[string], Promise<string>>()
    find.onFirstCall().rejects(failure).onSecondCall().throws(failure).onThirdCall().resolves('Ada')
    const findUser = cached(find, 'user:{0}', '1h', { cache })
    expect(await rejection(findUser('ada'))).to.equal(failure)
    expect(await rejection(findUser('ada'))).to.equal(failure)
    expect(await findUser('ada')).to.equal('Ada')
  })

  it('calls the function on the instance it was called on, with all its arguments', async () => {
    const service = {
      prefix: 'user',
      find: cached(
        function (this: { prefix: string }, ...args: [string, number]) {
          return Promise.resolve([this.prefix, ...args])
        },
        '{0}',
        '1h',
        { cache },
      ),
    }
    expect(await service.find('ada', 2)).to.deep.equal(['user', 'ada', 2])
  })

  it('keeps a result for its ttl', async () => {
    const clock = new ManualClock()
    const find = sinon.fake.resolves('Ada')
    const findUser = cached(find, 'user', '5m', { cache: pool.open({ clock, jitter: 0 }) })
    await findUser()
    clock.advance(5 * MINUTE_MS - 1)
    await findUser()
    expect(find.callCount).to.equal(1)
    clock.advance(2)
    await findUser()
    expect(find.callCount).to.equal(2)
  })

  it("keeps it for the cache's own ttl where it has none", async () => {
    const clock = new ManualClock()
    const find = sinon.fake.resolves('Ada')
    const findUser = cached(find, 'user', undefined, { cache: pool.open({ clock, ttl: '1m' }) })
    await findUser()
    clock.advance(MINUTE_MS + 1)
    await findUser()
    expect(find.callCount).to.equal(2)
  })

  it('tags its results, by fixed tags', async () => {
    const find = sinon.fake.resolves('Ada')
    const findUser = cached(find, 'user', '1h', { cache, tags: ['people', 'school:1'] })
    await findUser()
    await cache.invalidateTags('school:2')
    await findUser()
    expect(find.callCount).to.equal(1)
    await cache.invalidateTags('school:1')
    await findUser()
    expect(find.callCount).to.equal(2)
  })

  it('tags its results, by the arguments and the instance of the call', async () => {
    const service = {
      tenant: 'north',
      find: cached(
        function (this: { tenant: string }, school: number) {
          return Promise.resolve([this.tenant, school])
        },
        'school:{0}',
        '1h',
        {
          cache,
          tags(school) {
            return [`${this.tenant}:${String(school)}`]
          },
        },
      ),
    }
    await Promise.all([service.find(1), service.find(2)])
    await cache.invalidateTags('north:1')
    expect(await cache.has('school:1')).to.equal(false)
    expect(await cache.has('school:2')).to.equal(true)
  })

  it('uses the cache that the instance holds, decided at each call', async () => {
    const caches = { north: pool.open(), south: pool.open() }
    class Users {
      readonly cache: Cache
      constructor(cache: Cache) {
        this.cache = cache
      }
      readonly find = cached(
        function (this: Users, id: string) {
          return Promise.resolve(id)
        },
        'user:{0}',
        '1h',
        { cache: (self: Users) => self.cache },
      )
    }
    await new Users(caches.north).find('ada')
    expect(await caches.north.has('user:ada')).to.equal(true)
    expect(await caches.south.has('user:ada')).to.equal(false)
    await new Users(caches.south).find('ada')
    expect(await caches.south.has('user:ada')).to.equal(true)
  })

  it('rejects where the instance holds something else than a cache', async () => {
    const find = sinon.fake.resolves(1)
    const findUser = cached(find, 'user', '1h', { cache: () => new Map() as unknown as Cache })
    const error = await rejection(findUser())
    expect(error).to.be.instanceOf(InvalidOptionError)
    expect((error as Error).message).to.match(
      /: cache: expected a cache as createCache\(\) makes it, got an object \(Map\)$/,
    )
    expect(find.callCount).to.equal(0)
  })

  it('rejects, and runs nothing, where the tags of a call are none', async () => {
    const find = sinon.fake.resolves(1)
    const options = { cache, tags: () => 'school' } as unknown as CachedOptions<unknown, []>
    const error = await rejection(cached(find, 'user', '1h', options)())
    expect(error).to.be.instanceOf(InvalidOptionError)
    expect(find.callCount).to.equal(0)
  })

  it('goes on calling the function when the cache is closed', async () => {
    const find = sinon.fake.resolves('Ada')
    const findUser = cached(find, 'user', '1h', { cache })
    await cache.close()
    expect(await findUser()).to.equal('Ada')
    expect(await findUser()).to.equal('Ada')
    expect(find.callCount).to.equal(2)
  })

  describe('at construction', () => {
    const run = () => Promise.resolve(1)

    for (const ttl of [Number.NaN, 0, -1, Number.POSITIVE_INFINITY, 'abc', '']) {
      it(`refuses the ttl ${inspect(ttl)}`, () => {
        expect(() => cached(run, 'user', ttl, { cache }))
          .to.throw(InvalidOptionError, `got ${inspect(ttl)}`)
          .with.property('option', 'cached(run): ttl')
      })
    }

    it('names the nearest option where it knows none', () => {
      const options = { tag: ['a'], cache } as CachedOptions<unknown, []>
      expect(() => cached(run, 'user', '1h', options)).to.throw(
        InvalidOptionError,
        "cached(run): tag: unknown option; did you mean 'tags'? Known are tags, when, scope, cache, unless, grace, loaderTimeout, resultTags",
      )
    })

    for (const tags of ['school', 5, [5], [''], { school: true }]) {
      it(`refuses the tags ${inspect(tags)}`, () => {
        const options = { tags, cache } as unknown as CachedOptions<unknown, []>
        expect(() => cached(run, 'user', '1h', options))
          .to.throw(
            InvalidOptionError,
            'expected an array of strings that are not empty, or a function that gives one, got ',
          )
          .with.property('option', 'cached(run): tags')
      })
    }

    for (const other of [new Map(), 'redis://127.0.0.1', null, 5]) {
      it(`refuses ${inspect(other)} as a cache`, () => {
        expect(() => cached(run, 'user', '1h', { cache: other as unknown as Cache }))
          .to.throw(InvalidOptionError, 'expected a cache as createCache() makes it, got ')
          .with.property('option', 'cached(run): cache')
      })
    }

    for (const fn of [undefined, 'user', {}]) {
      it(`refuses ${inspect(fn)} as a function`, () => {
        expect(() => cached(fn as unknown as typeof run, 'user', '1h', { cache })).to.throw(
          InvalidOptionError,
          /^cached: expected a function, got /,
        )
      })
    }
  })

  describe('with no cache named', () => {
    useDefaultCache()

    it('uses the default one', async () => {
      const find = sinon.fake.resolves('Ada')
      const findUser = cached(find, 'user')
      await findUser()
      await findUser()
      expect(find.callCount).to.equal(1)
    })
  })
})
