import { expect } from 'chai'
import sinon from 'sinon'
import {
  Cached,
  CachePut,
  createCache,
  InvalidKeyError,
  InvalidOptionError,
  NotCacheableError,
  setDefaultCache,
} from 'holdfast'
import type { Cache, PutOptions } from 'holdfast'
import { eventually } from '../support/eventually'
import { ManualClock } from '../support/manual-clock'
import { RedisServer } from '../support/redis-server'
import { rejection } from '../support/rejection'
import { useDefaultCache } from '../support/use-default-cache'

interface User {
  id: string
  name: string
}

describe('@CachePut', () => {
  let clock: ManualClock
  let cache: Cache
  const save = sinon.stub<unknown[], Promise<User>>()

  beforeEach(() => {
    clock = new ManualClock()
    cache = createCache({ redis: false, logger: false, clock, jitter: 0 })
    save.reset()
    save.callsFake((id, name) => Promise.resolve({ id: String(id), name: String(name) }))
  })

  afterEach(async () => {
    await cache.close()
  })

  it('runs the method each time, and stores what it returns where @Cached finds it', async () => {
    class Users {
      @Cached((id) => ['user', id], '1h', { cache: () => cache })
      find(id: string) {
        return Promise.resolve({ id, name: 'from the database' })
      }

      @CachePut('user:{0}', '1h', { cache: () => cache })
      rename(id: string, name: string) {
        return save(id, name)
      }
    }
    const users = new Users()
    await users.find('a')
    expect(await users.rename('a', 'Ada')).to.deep.equal({ id: 'a', name: 'Ada' })
    expect(await users.find('a')).to.deep.equal({ id: 'a', name: 'Ada' })
    expect(await users.rename('a', 'Grace')).to.deep.equal({ id: 'a', name: 'Grace' })
    expect(await users.find('a')).to.deep.equal({ id: 'a', name: 'Grace' })
    expect(save.callCount).to.equal(2)
  })

  it('stores before its caller goes on, and gives him what the method gave', async () => {
    class Users {
      @CachePut('user:{0}', '1h', { cache: () => cache })
      rename(id: string, name: string) {
        return save(id, name)
      }
    }
    const renamed = await new Users().rename('a', 'Ada')
    expect(await cache.get('user:a')).to.deep.equal({ id: 'a', name: 'Ada' })
    expect(Object.isFrozen(renamed)).to.equal(false)
  })

  it('wins over a load that is under way', async () => {
    let finish: (user: User) => void = () => undefined
    const load = sinon.fake(() => new Promise<User>((resolve) => (finish = resolve)))
    class Users {
      @Cached('user:{0}', '1h', { cache: () => cache })
      find(id: string) {
        return load().then((user) => ({ ...user, id }))
      }

      @CachePut('user:{0}', '1h', { cache: () => cache })
      rename(id: string, name: string) {
        return save(id, name)
      }
    }
    const users = new Users()
    const found = users.find('a')
    await eventually(() => load.calledOnce)
    await users.rename('a', 'new')
    finish({ id: 'a', name: 'old' })
    await found
    expect((await users.find('a')).name).to.equal('new')
  })

  it('can make the key and tags from the result', async () => {
    class Users {
      readonly prefix = 'user'

      @CachePut(undefined, '1h', {
        cache: () => cache,
        resultKey(user, name) {
          return [this.prefix, user.id, name]
        },
        tags: (name) => [`name:${name}`],
        resultTags: (user) => [`id:${user.id}`],
      })
      create(name: string) {
        return save('new', name)
      }
    }
    for (const tag of ['name:Ada', 'id:new']) {
      await new Users().create('Ada')
      expect(await cache.get('user:new:Ada')).to.deep.equal({ id: 'new', name: 'Ada' })
      await cache.invalidateTags(tag)
      expect(await cache.has('user:new:Ada')).to.equal(false)
    }
  })

  it('can make the ttl from the result and the arguments', async () => {
    class Users {
      @CachePut('user:{0}', (user, _id, name) => (user.name === name ? '1m' : 1), { cache: () => cache })
      rename(id: string, name: string) {
        return save(id, name)
      }
    }
    await new Users().rename('a', 'Ada')
    clock.advance(59_000)
    expect(await cache.has('user:a')).to.equal(true)
    clock.advance(1001)
    expect(await cache.has('user:a')).to.equal(false)
  })

  it('lets a result stand in past its ttl, for as long as its grace', async () => {
    const find = sinon.stub<[string], Promise<User>>().rejects(new Error('The database is away'))
    class Users {
      @Cached('user:{0}', '1m', { cache: () => cache, grace: '1m' })
      find(id: string) {
        return find(id)
      }

      @CachePut('user:{0}', '1m', { cache: () => cache, grace: '1m' })
      rename(id: string, name: string) {
        return save(id, name)
      }
    }
    await new Users().rename('a', 'Ada')
    clock.advance(90_000)
    expect(await new Users().find('a')).to.include({ name: 'Ada' })
    clock.advance(60_000)
    expect(await rejection(new Users().find('a'))).to.be.instanceOf(Error)
  })

  it('keeps the copies of each scope apart', async () => {
    class Users {
      @CachePut('user:{0}', '1h', { cache: () => cache, scope: () => 'north' })
      rename(id: string, name: string) {
        return save(id, name)
      }

      @CachePut(undefined, '1h', {
        cache: () => cache,
        scope: () => 'south',
        resultKey: ({ id }) => ['user', id],
      })
      create(id: string, name: string) {
        return save(id, name)
      }
    }
    await new Users().rename('a', 'Ada')
    await new Users().create('a', 'Grace')
    expect(await cache.get('@north:user:a')).to.include({ name: 'Ada' })
    expect(await cache.get('@south:user:a')).to.include({ name: 'Grace' })
  })

  describe('leaves nothing old behind', () => {
    class Users {
      @CachePut('user:{0}', '1h', {
        cache: () => cache,
        when: (id) => id !== 'guest',
        unless: (user, _id, name) => user.name === 'nobody' && name === user.name,
      })
      rename(id: string, name: string) {
        return save(id, name)
      }
    }

    it('where a result is not to be stored: its key is dropped', async () => {
      await new Users().rename('a', 'Ada')
      await new Users().rename('a', 'nobody')
      expect(await cache.has('user:a')).to.equal(false)
    })

    it('where a function of the result fails, which its caller is told', async () => {
      class Failing {
        @CachePut('user:{0}', () => NaN, { cache: () => cache })
        rename(id: string) {
          return save(id)
        }
      }
      await new Users().rename('a', 'Ada')
      expect(await rejection(new Failing().rename('a'))).to.be.instanceOf(InvalidOptionError)
      expect(await cache.has('user:a')).to.equal(false)
    })

    it('where a result cannot be stored: its key is dropped', async () => {
      await new Users().rename('a', 'Ada')
      save.resolves({ id: 'a', name: (() => 1) as unknown as string })
      await new Users().rename('a', 'Ada')
      expect(await cache.has('user:a')).to.equal(false)
    })

    it('but has nothing to do with the cache where the call does not fulfil the condition', async () => {
      await cache.set('user:guest', 'kept')
      await new Users().rename('guest', 'Ada')
      expect(await cache.get('user:guest')).to.equal('kept')
    })

    it('and nothing where the method throws, whose error is passed on unchanged', async () => {
      await new Users().rename('a', 'Ada')
      const failure = new RangeError('no such user')
      save.rejects(failure)
      expect(await rejection(new Users().rename('a', 'Grace'))).to.equal(failure)
      expect(await cache.get('user:a')).to.include({ name: 'Ada' })
    })
  })

  it('refuses a call that names nothing before the method has changed anything', async () => {
    class Users {
      @CachePut((user) => ['user', user.id], '1h', { cache: () => cache })
      rename(user: User) {
        return save(user)
      }
    }
    const error = await rejection(new Users().rename({} as User))
    expect(error).to.be.instanceOf(InvalidKeyError)
    expect(String(error)).to.match(/@CachePut on Users\.rename: part 2 of the key: .*got undefined$/)
    expect(save.callCount).to.equal(0)
  })

  it('refuses a result that names nothing, and a ttl that is none', async () => {
    class Users {
      @CachePut(undefined, '1h', { cache: () => cache, resultKey: (user) => ['user', user.id] })
      create(id: unknown) {
        return save(id).then((user) => ({ ...user, id: id as string }))
      }

      @CachePut('user', () => NaN, { cache: () => cache })
      rename(id: string) {
        return save(id)
      }
    }
    expect(String(await rejection(new Users().create(null)))).to.match(
      /@CachePut on Users\.create: part 2 of the result key: .*got null$/,
    )
    expect(String(await rejection(new Users().rename('a')))).to.match(
      /@CachePut on Users\.rename: ttl: .*got NaN$/,
    )
  })

  it('tells of a method that is not async', async () => {
    class Users {
      @CachePut('user:{0}', '1h', { cache: () => cache })
      rename(id: string) {
        return id as unknown as Promise<string>
      }
    }
    expect(await rejection(new Users().rename('a'))).to.be.instanceOf(NotCacheableError)
  })

  describe('is refused, when the class is declared,', () => {
    const refused: [what: string, given: unknown[], message: RegExp][] = [
      ['without a key', [], /rename: key: expected a template.*got undefined/],
      [
        'with two keys',
        ['user', '1h', { resultKey: () => 'user' }],
        /rename: resultKey: expected either a key or a resultKey, got both/,
      ],
      ['with a ttl of 0', ['user', 0], /rename: ttl: expected a positive number.*got 0/],
      [
        'with a grace that is none',
        ['user', '1h', { grace: -1 }],
        /rename: grace: expected a positive number.*got -1/,
      ],
      ['with a misspelt option', ['user', '1h', { unles: 1 }], /rename: unles: .*did you mean 'unless'/],
      ['with a test that is none', ['user', '1h', { unless: true }], /rename: unless: expected a function/],
      [
        'with tags that are none',
        ['user', '1h', { resultTags: [] }],
        /rename: resultTags: expected a function/,
      ],
    ]
    for (const [what, given, message] of refused) {
      it(what, () => {
        const declare = (): unknown => {
          const [key, ttl, options] = given as [string, number, PutOptions<Users, [string, string], User>]
          class Users {
            @CachePut(key, ttl, options)
            rename(id: string, name: string) {
              return save(id, name)
            }
          }
          return Users
        }
        expect(declare).to.throw(InvalidOptionError, message)
      })
    }
  })

  describe('uses the default cache where none is named', () => {
    useDefaultCache()

    it('whichever that is at the time of the call', async () => {
      class Users {
        @CachePut('user:{0}')
        rename(id: string, name: string) {
          return save(id, name)
        }
      }
      setDefaultCache(cache)
      await new Users().rename('a', 'Ada')
      expect(await cache.has('user:a')).to.equal(true)
    })
  })

  it('stores for every process, and while Redis is away leaves no older value in it', async () => {
    const redis = await RedisServer.start({ persistent: true })
    const [one, two] = [0, 1].map(() => createCache({ redis: redis.url, logger: false })) as [Cache, Cache]
    try {
      await eventually(() => one.isConnected && two.isConnected)
      class Users {
        @CachePut('user:{0}', '1h', { cache: one })
        rename(id: string, name: string) {
          return save(id, name)
        }
      }
      await new Users().rename('a', 'Ada')
      expect(await two.get('user:a')).to.deep.equal({ id: 'a', name: 'Ada' })
      await redis.kill()
      expect(await new Users().rename('a', 'Grace')).to.include({ name: 'Grace' })
      expect(await one.get('user:a')).to.include({ name: 'Grace' })
      await redis.restart()
      await eventually(() => one.isConnected && two.isConnected)
      expect(await two.get('user:a')).to.equal(undefined)
    } finally {
      await Promise.all([one.close(), two.close()])
      await redis.close()
    }
  })
})
