import { inspect } from 'node:util'
import { expect } from 'chai'
import sinon from 'sinon'
import {
  Cached,
  createCache,
  InvalidKeyError,
  InvalidOptionError,
  LoaderTimeoutError,
  NotCacheableError,
  setDefaultCache,
} from 'holdfast'
import type { Cache, CachedOptions, Duration } from 'holdfast'
import { eventually } from '../support/eventually'
import { ManualClock } from '../support/manual-clock'
import { RedisServer } from '../support/redis-server'
import { rejection } from '../support/rejection'
import { useDefaultCache } from '../support/use-default-cache'

interface User {
  id: string | number
  load: number
}

describe('@Cached', () => {
  let clock: ManualClock
  let cache: Cache
  let loads: number

  beforeEach(() => {
    clock = new ManualClock()
    cache = createCache({ redis: false, logger: false, clock, jitter: 0 })
    loads = 0
  })

  afterEach(async () => {
    await cache.close()
  })

  /** A value that tells how often the method ran. */
  function load(id: string | number): Promise<User> {
    loads += 1
    return Promise.resolve({ id, load: loads })
  }

  describe('answers from the cache', () => {
    it('when the method is called again with arguments of the same key', async () => {
      class Users {
        @Cached((id) => ['user', id], '1h', { cache: () => cache })
        async find(id: string, reason: string) {
          return { reason, ...(await load(id)) }
        }
      }
      const users = new Users()
      expect(await users.find('7', 'first')).to.deep.equal({ reason: 'first', id: '7', load: 1 })
      expect(await users.find('7', 'second')).to.deep.equal({ reason: 'first', id: '7', load: 1 })
      expect(await users.find('8', 'third')).to.deep.equal({ reason: 'third', id: '8', load: 2 })
    })

    it('under a key that the rest of the application can name', async () => {
      class Roles {
        @Cached('role:{0}', '1h', { cache: () => cache })
        find(name: string) {
          return load(name)
        }

        @Cached('report:{0.school.id}:{1}', '1h', { cache: () => cache })
        report(user: { school: { id: number } }, year: number) {
          return load(user.school.id + year)
        }

        @Cached((name) => `role-as-it-is:${name}`, '1h', { cache: () => cache })
        asItIs(name: string) {
          return load(name)
        }
      }
      const roles = new Roles()
      await roles.find('admin')
      await roles.report({ school: { id: 3 } }, 2026)
      await roles.asItIs('a:b')
      await eventually(async () => {
        expect(await cache.get('role:admin')).to.deep.equal({ id: 'admin', load: 1 })
        expect(await cache.get('report:3:2026')).to.deep.equal({ id: 2029, load: 2 })
        expect(await cache.get('role-as-it-is:a:b')).to.deep.equal({ id: 'a:b', load: 3 })
      })
      await cache.delete('role:admin')
      expect(await roles.find('admin')).to.deep.equal({ id: 'admin', load: 4 })
    })

    it('telling calls apart whose arguments merely read the same', async () => {
      class Users {
        @Cached((...parts) => ['user', ...parts], '1h', { cache: () => cache })
        find(...parts: (string | number | boolean)[]) {
          return load(parts.length)
        }
      }
      const users = new Users()
      const calls = [['7'], [7], ['true'], [true], ['a:b'], ['a', 'b'], ['a%3Ab'], ['']]
      for (const call of calls) await users.find(...call)
      expect(loads).to.equal(calls.length)
      for (const call of calls) await users.find(...call)
      expect(loads).to.equal(calls.length)
    })

    it('when another method names the same key', async () => {
      class Users {
        @Cached((id) => ['user', id], '1h', { cache: () => cache })
        find(id: string) {
          return load(id)
        }

        @Cached('user:{0}', '1h', { cache: () => cache })
        findAgain(id: string) {
          return load(id)
        }
      }
      const users = new Users()
      expect(await users.find('a')).to.deep.equal(await users.findAgain('a'))
      expect(loads).to.equal(1)
    })

    it('until the ttl is over', async () => {
      class Users {
        @Cached('short', 1000, { cache: () => cache })
        short() {
          return load('short')
        }

        @Cached('long', '1m', { cache: () => cache })
        long() {
          return load('long')
        }
      }
      const users = new Users()
      await users.short()
      await users.long()
      clock.advance(999)
      expect((await users.short()).load).to.equal(1)
      clock.advance(2)
      expect((await users.short()).load).to.equal(3)
      expect((await users.long()).load).to.equal(2)
      clock.advance(60_000)
      expect((await users.long()).load).to.equal(4)
    })

    it("for the cache's own ttl where none is given", async () => {
      const brief = createCache({ redis: false, logger: false, clock, ttl: '5s', jitter: 0 })
      class Users {
        @Cached('users', undefined, { cache: brief })
        all() {
          return load('all')
        }
      }
      const users = new Users()
      await users.all()
      clock.advance(4999)
      expect((await users.all()).load).to.equal(1)
      clock.advance(2)
      expect((await users.all()).load).to.equal(2)
      await brief.close()
    })

    for (const value of [undefined, null, 0, '', false, NaN, []]) {
      it(`with ${Array.isArray(value) ? 'an empty array' : value === '' ? "''" : String(value)} too, which is no miss`, async () => {
        const method = sinon.fake.resolves(value)
        class Users {
          @Cached('users', '1h', { cache: () => cache })
          all(): Promise<unknown> {
            return method() as Promise<unknown>
          }
        }
        const users = new Users()
        await users.all()
        const again = await users.all()
        expect(method.callCount).to.equal(1)
        if (!Number.isNaN(value)) expect(again).to.deep.equal(value)
      })
    }
  })

  it('runs the method once for all who call at the same time', async () => {
    class Users {
      @Cached((id) => ['user', id], '1h', { cache: () => cache })
      find(id: string) {
        return load(id)
      }
    }
    const users = new Users()
    const found = await Promise.all(Array.from({ length: 20 }, () => users.find('7')))
    expect(found).to.deep.equal(found.map(() => ({ id: '7', load: 1 })))
  })

  describe('passes on what the method throws', () => {
    it('unchanged, to all who wait for it, and tries again at the next call', async () => {
      const failure = Object.assign(new RangeError('no such user'), { status: 404 })
      const method = sinon.stub<[], Promise<string>>().rejects(failure)
      class Users {
        @Cached('users', '1h', { cache: () => cache })
        all() {
          return method()
        }
      }
      const users = new Users()
      const outcomes = await Promise.all(
        [users.all(), users.all()].map((call) => call.catch((error: unknown) => error)),
      )
      expect(outcomes[0]).to.equal(failure)
      expect(outcomes[1]).to.equal(failure)
      expect(method.callCount).to.equal(1)
      method.resolves('found')
      expect(await users.all()).to.equal('found')
    })

    it('be it no error at all', async () => {
      class Users {
        @Cached('users', '1h', { cache: () => cache })
        all(): Promise<string> {
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
          return Promise.reject('gone')
        }
      }
      expect(await new Users().all().catch((error: unknown) => error)).to.equal('gone')
    })

    it('as a rejection, also where the method throws before it has a promise', async () => {
      class Users {
        @Cached('users', '1h', { cache: () => cache })
        all(): Promise<string> {
          throw new RangeError('at once')
        }
      }
      const call = new Users().all()
      expect(String(await call.catch((error: unknown) => error))).to.equal('RangeError: at once')
    })
  })

  describe('behaves like the method it stands for', () => {
    it('having the same this, in the key and the tags too', async () => {
      class Users {
        constructor(readonly tenant: string) {}

        @Cached(
          function (id) {
            return [this.tenant, 'user', id]
          },
          '1h',
          {
            cache: () => cache,
            tags() {
              return [`tenant:${this.tenant}`]
            },
          },
        )
        async find(id: string) {
          return { tenant: this.tenant, ...(await load(id)) }
        }
      }
      const [north, south] = [new Users('north'), new Users('south')]
      expect(await north.find('7')).to.deep.equal({ tenant: 'north', id: '7', load: 1 })
      expect(await south.find('7')).to.deep.equal({ tenant: 'south', id: '7', load: 2 })
      await cache.invalidateTags('tenant:north')
      expect(await north.find('7')).to.include({ load: 3 })
      expect(await south.find('7')).to.include({ load: 2 })
    })

    it('getting the arguments as they were given', async () => {
      const method = sinon.fake.resolves('done')
      const [filter, extra] = [{ name: 'a' }, Symbol('extra')]
      class Users {
        @Cached((id) => ['user', id], '1h', { cache: () => cache })
        find(id: string, ...rest: unknown[]): Promise<unknown> {
          return method(id, ...rest) as Promise<unknown>
        }
      }
      await new Users().find('7', filter, extra)
      sinon.assert.calledOnceWithExactly(method, '7', filter, extra)
    })

    it('as a static method', async () => {
      class Users {
        static readonly table = 'users'
        readonly table = 'of the instance'

        @Cached(
          function (id) {
            return [this.table, id]
          },
          '1h',
          { cache: () => cache },
        )
        static async find(id: string) {
          return { table: this.table, ...(await load(id)) }
        }
      }
      expect(await Users.find('7')).to.deep.equal({ table: 'users', id: '7', load: 1 })
      expect(await Users.find('7')).to.include({ load: 1 })
    })

    it('in a subclass that inherits it', async () => {
      class Users {
        readonly kind: string = 'user'

        @Cached(
          function (id) {
            return [this.kind, id]
          },
          '1h',
          { cache: () => cache },
        )
        find(id: string) {
          return load(`${this.kind} ${id}`)
        }
      }
      class Teachers extends Users {
        override readonly kind = 'teacher'
      }
      expect((await new Users().find('7')).id).to.equal('user 7')
      const teachers = new Teachers()
      expect((await teachers.find('7')).id).to.equal('teacher 7')
      expect((await teachers.find('7')).load).to.equal(2)
    })

    it('in an override that is not decorated, which is not cached, and its super, which is', async () => {
      class Users {
        @Cached((id) => ['user', id], '1h', { cache: () => cache })
        find(id: string) {
          return load(id)
        }
      }
      let overrides = 0
      class Teachers extends Users {
        override async find(id: string) {
          overrides += 1
          return super.find(id)
        }
      }
      const teachers = new Teachers()
      await teachers.find('7')
      expect((await teachers.find('7')).load).to.equal(1)
      expect(overrides).to.equal(2)
    })

    it('in an override with a key of its own', async () => {
      class Users {
        @Cached((id) => ['user', id], '1h', { cache: () => cache })
        find(id: string) {
          return load(id)
        }
      }
      class Teachers extends Users {
        @Cached((id) => ['teacher', id], '1h', { cache: () => cache })
        override async find(id: string) {
          const user = await super.find(id)
          return { ...user, id: `teacher ${id}` }
        }
      }
      expect((await new Teachers().find('7')).id).to.equal('teacher 7')
      expect((await new Users().find('7')).id).to.equal('7')
      expect((await new Teachers().find('7')).id).to.equal('teacher 7')
      expect(loads).to.equal(1)
    })

    it('taken off its object, with the this it is given', async () => {
      class Users {
        @Cached('users', '1h', { cache: () => cache })
        async all() {
          return { has: this instanceof Users, ...(await load('all')) }
        }
      }
      const users = new Users()
      const all = users.all.bind(users)
      expect(await all()).to.deep.equal({ has: true, id: 'all', load: 1 })
    })
  })

  describe('uses', () => {
    it('the cache that it is given', async () => {
      const own = createCache({ redis: false, logger: false })
      class Users {
        @Cached('users', '1h', { cache: own })
        all() {
          return load('all')
        }
      }
      await new Users().all()
      expect(await own.has('users')).to.equal(true)
      await own.close()
    })

    it('the cache that the instance holds at the time of the call', async () => {
      class Users {
        constructor(public cache: Cache) {}

        @Cached('users', '1h', { cache: (self) => self.cache })
        all() {
          return load('all')
        }
      }
      const other = createCache({ redis: false, logger: false })
      const users = new Users(cache)
      expect((await users.all()).load).to.equal(1)
      users.cache = other
      expect((await users.all()).load).to.equal(2)
      expect((await new Users(cache).all()).load).to.equal(1)
      await other.close()
    })

    it('no cache where the instance holds none: that is an error of the call', async () => {
      class Users {
        declare cache: Cache

        @Cached('users', '1h', { cache: (self) => self.cache })
        all() {
          return load('all')
        }
      }
      const error: unknown = await new Users().all().catch((caught: unknown) => caught)
      expect(error).to.be.instanceOf(InvalidOptionError)
      expect(String(error)).to.match(/@Cached on Users\.all: cache: expected a cache .*got undefined/)
      expect(loads).to.equal(0)
    })

    describe('the default cache where none is named', () => {
      useDefaultCache()

      it('whichever that is at the time of the call', async () => {
        class Users {
          @Cached('users', '1h')
          all() {
            return load('all')
          }
        }
        const users = new Users()
        await users.all()
        expect((await users.all()).load).to.equal(1)
        setDefaultCache(cache)
        expect((await users.all()).load).to.equal(2)
        expect((await users.all()).load).to.equal(2)
      })
    })
  })

  describe('tags what it stores', () => {
    it('with fixed tags', async () => {
      class Users {
        @Cached('users', '1h', { cache: () => cache, tags: ['users', 'people'] })
        all() {
          return load('all')
        }
      }
      const users = new Users()
      await users.all()
      await cache.invalidateTags('others')
      expect((await users.all()).load).to.equal(1)
      await cache.invalidateTags('people')
      expect((await users.all()).load).to.equal(2)
    })

    it("with tags by the call's arguments", async () => {
      class Users {
        @Cached((school, id) => ['user', school, id], '1h', {
          cache: () => cache,
          tags: (school, id) => [`school:${String(school)}`, `user:${id}`],
        })
        find(school: number, id: string) {
          return load(`${String(school)} ${id}`)
        }
      }
      const users = new Users()
      await users.find(1, 'a')
      await users.find(2, 'a')
      await cache.invalidateTags('school:1')
      expect((await users.find(2, 'a')).load).to.equal(2)
      expect((await users.find(1, 'a')).load).to.equal(3)
      await cache.invalidateTags('user:a')
      expect((await users.find(2, 'a')).load).to.equal(4)
    })
  })

  describe('goes by the result', () => {
    it('in how long it lives, and in its tags', async () => {
      class Users {
        readonly prefix = 'of'

        @Cached('user:{0}', (user, id) => (user.id === id && id === 'brief' ? 1000 : '1h'), {
          cache: () => cache,
          tags: (id) => [`id:${id}`],
          resultTags(user, id) {
            return [`${this.prefix}:${String(user.load)}:${id}`]
          },
        })
        find(id: string) {
          return load(id)
        }
      }
      const users = new Users()
      for (const id of ['brief', 'b', 'c']) await users.find(id)
      clock.advance(1001)
      expect((await users.find('brief')).load).to.equal(4)
      expect((await users.find('b')).load).to.equal(2)
      await cache.invalidateTags('of:2:b')
      expect((await users.find('b')).load).to.equal(5)
      expect((await users.find('c')).load).to.equal(3)
      await cache.invalidateTags('id:c')
      expect((await users.find('c')).load).to.equal(6)
    })

    it('in whether it is stored: those who asked get it all the same', async () => {
      class Users {
        readonly refused = 1

        @Cached('user:{0}', '1h', {
          cache: () => cache,
          unless(user, id) {
            return user.load === this.refused && id === user.id
          },
        })
        find(id: string) {
          return load(id)
        }
      }
      const users = new Users()
      expect(await Promise.all([users.find('a'), users.find('a')])).to.deep.equal([
        { id: 'a', load: 1 },
        { id: 'a', load: 1 },
      ])
      expect((await users.find('a')).load).to.equal(2)
      expect((await users.find('a')).load).to.equal(2)
    })

    for (const [what, ttl, options] of [
      ['a ttl that is none', () => NaN, {}],
      ['a test that is no test', '1h', { unless: () => 'yes' }],
      ['tags that are none', '1h', { resultTags: () => [''] }],
    ] as [string, () => number, object][]) {
      it(`and costs nobody the result where that gives ${what}: it is not stored`, async () => {
        class Users {
          @Cached('user', ttl, { cache: () => cache, ...options })
          find() {
            return load('a')
          }
        }
        expect((await new Users().find()).load).to.equal(1)
        expect((await new Users().find()).load).to.equal(2)
      })
    }
  })

  it('lets a result stand in past its ttl for as long as its grace, while the method runs behind', async () => {
    const method = sinon.stub<[string], Promise<User>>()
    class Users {
      @Cached('user:{0}', '1m', { cache: () => cache, grace: '1h' })
      find(id: string) {
        return method(id)
      }
    }
    const users = new Users()
    method.resolves({ id: 'a', load: 1 })
    await users.find('a')
    clock.advance(61_000)
    method.rejects(new Error('The database is away'))
    expect((await users.find('a')).load).to.equal(1)
    await eventually(() => method.callCount === 2)
    clock.advance(10_000)
    method.resolves({ id: 'a', load: 2 })
    expect((await users.find('a')).load).to.equal(1)
    await eventually(async () => {
      expect((await users.find('a')).load).to.equal(2)
    })
  })

  it('lets its caller wait no longer than its loaderTimeout', async () => {
    let finish: (user: User) => void = () => undefined
    class Users {
      @Cached('user:{0}', '1m', { cache: () => cache, loaderTimeout: 20 })
      find(id: string) {
        return new Promise<User>((resolve) => (finish = resolve)).then((user) => ({ ...user, id }))
      }
    }
    const waiting = new Users().find('a')
    expect(await rejection(waiting)).to.be.instanceOf(LoaderTimeoutError)
    finish({ id: 'a', load: 1 })
    await eventually(() => cache.has('user:a'))
    expect((await new Users().find('a')).load).to.equal(1)
  })

  describe('under a scope', () => {
    class Users {
      constructor(public tenant: string | number) {}

      @Cached((id) => ['user', id], '1h', { cache: () => cache, scope: (self) => self.tenant })
      async find(id: string) {
        return { of: this.tenant, ...(await load(id)) }
      }
    }

    it('keeps the values of each apart, be they of one instance or several', async () => {
      const users = new Users('north')
      expect(await users.find('7')).to.include({ of: 'north', load: 1 })
      expect(await new Users('south').find('7')).to.include({ of: 'south', load: 2 })
      users.tenant = 'south'
      expect(await users.find('7')).to.include({ of: 'south', load: 2 })
      expect(await new Users('north').find('7')).to.include({ of: 'north', load: 1 })
    })

    it('stores them under keys that begin with it, and that no parts read like', async () => {
      class Everybody {
        @Cached((...parts) => parts, '1h', { cache: () => cache })
        find(...parts: string[]) {
          return load(parts.length)
        }
      }
      await new Users('north').find('ada')
      await eventually(() => cache.has('@north:user:ada'))
      expect(await new Everybody().find('@north', 'user', 'ada')).to.deep.equal({ id: 3, load: 2 })
      await eventually(() => cache.has('%40north:user:ada'))
      // A number and the string that reads like it are two tenants.
      await new Users(7).find('7')
      await new Users('7').find('7')
      expect(loads).to.equal(4)
    })

    for (const nobody of [undefined, null, '', {}, NaN]) {
      it(`refuses a call of ${inspect(nobody)}, which is nobody`, async () => {
        const error = await rejection(new Users(nobody as string).find('7'))
        expect(error).to.be.instanceOf(InvalidKeyError)
        expect(String(error)).to.match(
          /@Cached on Users\.find: scope: expected a string, number, bigint or boolean, got /,
        )
        expect(loads).to.equal(0)
      })
    }
  })

  describe('with a condition', () => {
    class Users {
      readonly isFresh: boolean
      constructor(isFresh = false) {
        this.isFresh = isFresh
      }

      @Cached('user:{0}', '1h', {
        cache: () => cache,
        when(id) {
          return !this.isFresh && id !== 'guest'
        },
      })
      find(id: string) {
        return load(id)
      }
    }

    it('has nothing to do with the cache where the call does not fulfil it', async () => {
      await cache.set('user:guest', 'kept')
      expect(await new Users().find('guest')).to.deep.equal({ id: 'guest', load: 1 })
      expect(await new Users().find('guest')).to.deep.equal({ id: 'guest', load: 2 })
      expect(await cache.get('user:guest')).to.equal('kept')
    })

    it('is decided at each call, by its arguments and its instance', async () => {
      expect((await new Users().find('7')).load).to.equal(1)
      expect((await new Users().find('7')).load).to.equal(1)
      expect((await new Users(true).find('7')).load).to.equal(2)
      expect((await new Users().find('7')).load).to.equal(1)
    })

    it('refuses a call where it answers neither yes nor no', async () => {
      class Wrong {
        @Cached('user:{0}', '1h', {
          cache: () => cache,
          when: ((id: string) => Promise.resolve(id === '7')) as unknown as () => boolean,
        })
        find(id: string) {
          return load(id)
        }
      }
      const error = await rejection(new Wrong().find('7'))
      expect(error).to.be.instanceOf(InvalidOptionError)
      expect(String(error)).to.match(
        /@Cached on Wrong\.find: when: expected true or false, got an object \(Promise\)$/,
      )
      expect(loads).to.equal(0)
    })
  })

  describe('tells of a method that is not async', () => {
    for (const [returned, type] of [
      ['a secret', 'string'],
      [7, 'number'],
      [undefined, 'undefined'],
      [null, 'null'],
      [{ id: 7 }, 'an object \\(Object\\)'],
    ] as const) {
      it(`at its first call, where it returns ${type.replaceAll('\\', '')}`, async () => {
        class Users {
          @Cached('user', '1h', { cache: () => cache, when: (id) => id !== 'guest' })
          find(id: string) {
            return (id === '' ? load(id) : returned) as Promise<unknown>
          }
        }
        for (const id of ['7', 'guest']) {
          const error = await rejection(new Users().find(id))
          expect(error).to.be.instanceOf(NotCacheableError)
          expect(String(error)).to.match(
            new RegExp(`@Cached on Users\\.find: expected an async method, got one that returns ${type}$`),
          )
        }
        expect(await cache.has('user')).to.equal(false)
      })
    }

    it('but not of one whose result can be waited for in another way', async () => {
      class Query {
        then(done: (rows: string[]) => void) {
          done(['a'])
        }
      }
      class Users {
        @Cached('users', '1h', { cache: () => cache })
        all() {
          return new Query() as unknown as Promise<string[]>
        }
      }
      expect(await new Users().all()).to.deep.equal(['a'])
      expect(await new Users().all()).to.deep.equal(['a'])
    })
  })

  describe('leaves the trace of an error to the method', () => {
    class Users {
      @Cached((id) => ['user', id], '1h', { cache: () => cache, when: (id) => id !== 'guest' })
      async find(id: string, isLate = false): Promise<string> {
        if (isLate) await Promise.resolve()
        throw new RangeError(`no user ${id}`)
      }
    }

    for (const [how, call] of [
      ['at once', (users: Users) => users.find('7')],
      ['later', (users: Users) => users.find('7', true)],
      ['past the cache', (users: Users) => users.find('guest')],
      ['past the cache and later', (users: Users) => users.find('guest', true)],
    ] as const) {
      it(`which throws ${how}: one line of ours at most`, async () => {
        const { stack } = (await rejection(call(new Users()))) as Error
        const [, thrown, ...others] = (stack ?? '').split('\n')
        expect(thrown).to.match(/Users\.find .*cached\.spec\.ts/)
        expect(
          others.filter((line) => /[\\/]lib[\\/](cache|decorators)[\\/]/.test(line)),
        ).to.have.lengthOf.at.most(1)
      })
    }
  })

  describe('refuses a call whose key names nothing, without running the method', () => {
    class Users {
      @Cached('user:{0.id}:{1}', '1h', { cache: () => cache })
      byTemplate(user: unknown, year?: unknown) {
        return load(String(user) + String(year))
      }

      @Cached((...parts) => ['user', ...(parts as string[])], '1h', { cache: () => cache })
      byParts(...parts: unknown[]) {
        return load(parts.length)
      }

      @Cached((key) => key as string, '1h', { cache: () => cache })
      whole(key: unknown) {
        return load(String(key))
      }
    }

    const refused: [what: string, call: (users: Users) => Promise<unknown>, message: RegExp][] = [
      ['undefined', (users) => users.byParts(undefined), /byParts: part 2 of the key: .*got undefined/],
      ['null', (users) => users.byParts('a', null), /byParts: part 3 of the key: .*got null/],
      [
        'an object',
        (users) => users.byParts({ id: 7 }),
        /byParts: part 2 of the key: .*got an object \(Object\)/,
      ],
      ['an array', (users) => users.byParts([7]), /byParts: part 2 of the key: .*got an array/],
      ['NaN', (users) => users.byParts(NaN), /byParts: part 2 of the key: .*got NaN/],
      [
        'an argument left out',
        (users) => users.byTemplate({ id: 7 }),
        /byTemplate: \{1\} of the key: .*got undefined/,
      ],
      [
        'a path into nothing',
        (users) => users.byTemplate(null, 1),
        /byTemplate: \{0\.id\} of the key: .*got undefined/,
      ],
      ['an empty key', (users) => users.whole(''), /whole: the key function's result: .*got ''/],
      ['a key that is no string', (users) => users.whole(7), /whole: the key function's result: .*got 7/],
    ]
    for (const [what, call, message] of refused) {
      it(`for ${what}`, async () => {
        const error: unknown = await call(new Users()).catch((caught: unknown) => caught)
        expect(error).to.be.instanceOf(InvalidKeyError).with.property('code', 'invalid_key')
        expect(String(error))
          .to.match(/^InvalidKeyError: @Cached on Users\./)
          .and.match(message)
        expect(loads).to.equal(0)
      })
    }
  })

  describe('is refused, when the class is declared,', () => {
    const refused: [what: string, given: unknown[], message: RegExp][] = [
      ['with null for a key', [null], /find: key: expected a template like 'role:\{0\}'.*got null/],
      ['with an empty key', [''], /find: key: .*got ''/],
      ['with an array for a key', [['user']], /find: key: .*got an array/],
      ['with a name in a template', ['user:{id}'], /find: key: expected places like \{0\}.*'user:\{id\}'/],
      ['with a stray brace in a template', ['user:{0'], /find: key: expected places like/],
      [
        'with a condition that is none',
        ['user', '1h', { when: true }],
        /find: when: expected a function, got true/,
      ],
      [
        'with a scope that is none',
        ['user', '1h', { scope: 'north' }],
        /find: scope: expected a function, got 'north'/,
      ],
      ['with a grace that is none', ['user', '1h', { grace: 'soon' }], /find: grace: expected .*got 'soon'/],
      [
        'with a timeout that is none',
        ['user', '1h', { loaderTimeout: 0 }],
        /find: loaderTimeout: expected .*got 0/,
      ],
      ['with a test that is none', ['user', '1h', { unless: 1 }], /find: unless: expected a function, got 1/],
      ['with a ttl of 0', ['user', 0], /find: ttl: expected a positive number.*got 0/],
      ['with a ttl of NaN', ['user', NaN], /find: ttl: .*got NaN/],
      ['with a ttl that ms cannot read', ['user', 'soon'], /find: ttl: .*got 'soon'/],
      [
        'with a misspelt option',
        ['user', '1h', { tag: [] }],
        /find: tag: unknown option; did you mean 'tags'/,
      ],
      [
        'with tags that are none',
        ['user', '1h', { tags: 'users' }],
        /find: tags: expected an array of strings.*'users'/,
      ],
      ['with an empty tag', ['user', '1h', { tags: [''] }], /find: tags: expected an array of strings/],
      [
        'with a cache that is none',
        ['user', '1h', { cache: {} }],
        /find: cache: expected a cache.*got an object/,
      ],
      [
        'with options that are none',
        ['user', '1h', 'tags'],
        /find: expected an options object, got a string/,
      ],
    ]
    for (const [what, given, message] of refused) {
      it(what, () => {
        const declare = (): unknown => {
          const [key, ttl, options] = given as [string, Duration, CachedOptions<Users, [string]>]
          class Users {
            @Cached(key, ttl, options)
            find(id: string) {
              return load(id)
            }
          }
          return Users
        }
        expect(declare).to.throw(InvalidOptionError, message)
        expect(declare).to.throw(/^@Cached on (Users\.)?find: /)
      })
    }
  })

  describe('over Redis', () => {
    it('shares its values with every process, and goes on without it', async () => {
      const redis = await RedisServer.start()
      const [one, two] = [0, 1].map(() => createCache({ redis: redis.url, logger: false })) as [Cache, Cache]
      try {
        await eventually(() => one.isConnected && two.isConnected)
        class Roles {
          constructor(readonly cache: Cache) {}

          @Cached('role:{0}', '1h', { cache: (self) => self.cache })
          find(name: string) {
            return load(name)
          }
        }
        const [here, there] = [new Roles(one), new Roles(two)]
        expect(await here.find('admin')).to.deep.equal({ id: 'admin', load: 1 })
        await eventually(async () => (await redis.command('EXISTS', 'role:admin')) === '1')
        expect(await there.find('admin')).to.deep.equal({ id: 'admin', load: 1 })
        await redis.kill()
        const during = await here.find('admin')
        expect(during.id).to.equal('admin')
        expect(await here.find('admin')).to.deep.equal(during)
      } finally {
        await Promise.all([one.close(), two.close()])
        await redis.close()
      }
    })
  })
})
