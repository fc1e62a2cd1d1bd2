import { expect } from 'chai'
import sinon from 'sinon'
import {
  Cached,
  CacheEvict,
  createCache,
  InvalidKeyError,
  InvalidOptionError,
  NotCacheableError,
  setDefaultCache,
} from 'holdfast'
import type { Cache, EvictOptions } from 'holdfast'
import { eventually } from '../support/eventually'
import { RedisServer } from '../support/redis-server'
import { rejection } from '../support/rejection'
import { useDefaultCache } from '../support/use-default-cache'

describe('@CacheEvict', () => {
  let cache: Cache
  const rename = sinon.stub<unknown[], Promise<string>>()

  beforeEach(() => {
    cache = createCache({ redis: false, logger: false })
    rename.reset()
    rename.resolves('renamed')
  })

  afterEach(async () => {
    await cache.close()
  })

  describe('drops, after the method has succeeded,', () => {
    it('the value of a key, and no other', async () => {
      class Users {
        @CacheEvict((id) => ['user', id], { cache: () => cache })
        rename(id: string, name: string) {
          return rename(id, name)
        }
      }
      await cache.set('user:a', 'old')
      await cache.set('user:b', 'old')
      expect(await new Users().rename('a', 'Alice')).to.equal('renamed')
      expect(await cache.has('user:a')).to.equal(false)
      expect(await cache.has('user:b')).to.equal(true)
    })

    it('what @Cached has stored under the same key, by template or by parts', async () => {
      let names = 0
      class Users {
        @Cached('user:{0}', '1h', { cache: () => cache })
        find(id: number) {
          return Promise.resolve(`name ${String(++names)} of ${String(id)}`)
        }

        @CacheEvict((user) => ['user', user.id], { cache: () => cache })
        save(user: { id: number }) {
          return rename(user)
        }
      }
      const users = new Users()
      await users.find(7)
      expect(await users.find(7)).to.equal('name 1 of 7')
      await users.save({ id: 7 })
      expect(await users.find(7)).to.equal('name 2 of 7')
    })

    it('all values with certain tags, fixed or by the arguments', async () => {
      class School {
        @CacheEvict({ tags: ['timetables'], cache: () => cache })
        plan() {
          return rename()
        }

        @CacheEvict({
          tags: (school, year) => [`school:${String(school)}`, `year:${String(year)}`],
          cache: () => cache,
        })
        closeYear(school: number, year: number) {
          return rename(school, year)
        }
      }
      await cache.set('timetable', 1, '1h', { tags: ['timetables'] })
      await cache.set('dashboard', 1, '1h', { tags: ['school:3'] })
      await cache.set('report', 1, '1h', { tags: ['year:2026'] })
      await cache.set('other', 1, '1h', { tags: ['school:4'] })
      await new School().plan()
      expect(await present('timetable', 'dashboard', 'report', 'other')).to.deep.equal([
        'dashboard',
        'report',
        'other',
      ])
      await new School().closeYear(3, 2026)
      expect(await present('timetable', 'dashboard', 'report', 'other')).to.deep.equal(['other'])
    })

    it('both, where both are named', async () => {
      class Users {
        @CacheEvict('user:{0}', { tags: ['users'], cache: () => cache })
        rename(id: string) {
          return rename(id)
        }
      }
      await cache.set('user:a', 'old')
      await cache.set('list', 'old', '1h', { tags: ['users'] })
      await new Users().rename('a')
      expect(await present('user:a', 'list')).to.deep.equal([])
    })

    it('and not before', async () => {
      let isThere: boolean | undefined
      class Users {
        @CacheEvict('user:{0}', { cache: () => cache })
        async rename(id: string) {
          isThere = await cache.has('user:a')
          return rename(id)
        }
      }
      await cache.set('user:a', 'old')
      await new Users().rename('a')
      expect(isThere).to.equal(true)
      expect(await cache.has('user:a')).to.equal(false)
    })

    it('and before its caller goes on, however long that takes', async () => {
      const events: string[] = []
      const slowly = (what: string) => async () => {
        for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
        events.push(what)
        return 'redis' as const
      }
      class Users {
        @CacheEvict('user:{0}', { cache: () => cache })
        rename(id: string) {
          return rename(id)
        }

        @CacheEvict({ tags: ['users'], cache: () => cache })
        merge() {
          return rename()
        }
      }
      sinon.replace(cache, 'deleteMany', slowly('key dropped'))
      sinon.replace(cache, 'invalidateTags', slowly('tags dropped'))
      await new Users().rename('a').then(() => events.push('renamed'))
      await new Users().merge().then(() => events.push('merged'))
      expect(events).to.deep.equal(['key dropped', 'renamed', 'tags dropped', 'merged'])
    })

    it('also what is being loaded meanwhile: it is not stored', async () => {
      let finish: (name: string) => void = () => undefined
      const load = sinon.stub<[], Promise<string>>()
      load.onFirstCall().returns(new Promise((resolve) => (finish = resolve)))
      load.onSecondCall().resolves('new')
      class Users {
        @Cached((id) => ['user', id], '1h', { cache: () => cache })
        find(id: string) {
          return load().then((name) => `${id} ${name}`)
        }

        @CacheEvict((id) => ['user', id], { cache: () => cache })
        rename(id: string) {
          return rename(id)
        }
      }
      const users = new Users()
      const found = users.find('a')
      await eventually(() => load.calledOnce)
      await users.rename('a')
      finish('old')
      expect(await found).to.equal('a old')
      expect(await users.find('a')).to.equal('a new')
    })
  })

  describe('drops several keys', () => {
    beforeEach(async () => {
      for (const id of ['a', 'b', 'c']) await cache.set(`user:${id}`, 'old')
    })

    it('which a function makes of an array', async () => {
      class Users {
        @CacheEvict((ids) => ids.map((id) => ['user', id]), { cache: () => cache })
        remove(ids: string[]) {
          return rename(ids)
        }
      }
      await new Users().remove([])
      expect(await present('user:a', 'user:b', 'user:c')).to.deep.equal(['user:a', 'user:b', 'user:c'])
      await new Users().remove(['a', 'c'])
      expect(await present('user:a', 'user:b', 'user:c')).to.deep.equal(['user:b'])
    })

    it('of a scope', async () => {
      await cache.set('@north:user:a', 'old')
      class Users {
        @CacheEvict((...ids) => ids.map((id) => ['user', id]), { cache: () => cache, scope: () => 'north' })
        remove(...ids: string[]) {
          return rename(ids)
        }
      }
      await new Users().remove('a', 'b')
      expect(await present('user:a', '@north:user:a')).to.deep.equal(['user:a'])
    })

    it('and names the one that names nothing, before the method has changed anything', async () => {
      class Users {
        @CacheEvict((ids) => ids.map((id) => ['user', id]), { cache: () => cache })
        remove(ids: string[]) {
          return rename(ids)
        }
      }
      const error = await rejection(new Users().remove(['a', undefined as unknown as string]))
      expect(String(error)).to.match(/@CacheEvict on Users\.remove: part 2 of the key: .*got undefined$/)
      expect(rename.callCount).to.equal(0)
    })
  })

  it('drops what only the result names, after the method', async () => {
    rename.resolves('b')
    class Users {
      readonly prefix = 'user'

      @CacheEvict('user:{0}', {
        cache: () => cache,
        resultKey(into, id) {
          return [
            [this.prefix, into],
            ['merged', into, id],
          ]
        },
        resultTags: (into, id) => [`merge:${id}:${into}`],
      })
      merge(id: string) {
        return rename(id)
      }
    }
    await cache.set('tagged', 'old', '1h', { tags: ['merge:a:b'] })
    for (const key of ['user:a', 'user:b', 'merged:b:a', 'other']) await cache.set(key, 'old')
    await new Users().merge('a')
    expect(await present('user:a', 'user:b', 'merged:b:a', 'tagged', 'other')).to.deep.equal(['other'])
  })

  it('drops that alone, where nothing else is named', async () => {
    class Users {
      @CacheEvict({ cache: () => cache, resultKey: (id) => ['user', id] })
      rename() {
        return rename()
      }

      @CacheEvict({ cache: () => cache, resultTags: (id) => [`users:${id}`] })
      move() {
        return rename()
      }
    }
    rename.resolves('a')
    await cache.set('user:a', 'old')
    await cache.set('list', 'old', '1h', { tags: ['users:a'] })
    await new Users().rename()
    expect(await present('user:a', 'list')).to.deep.equal(['list'])
    await new Users().move()
    expect(await present('user:a', 'list')).to.deep.equal([])
  })

  it('drops everything in the namespace of its cache, and no other', async () => {
    class Users {
      @CacheEvict({ all: true, cache: () => cache })
      importAll() {
        return rename()
      }
    }
    const other = createCache({ redis: false, logger: false, namespace: 'other' })
    for (const one of [cache, other]) await one.set('user:a', 'old')
    await new Users().importAll()
    expect([await cache.has('user:a'), await other.has('user:a')]).to.deep.equal([false, true])
    await other.close()
  })

  describe('drops at the time that is asked for:', () => {
    const timings: [timing: 'before' | 'both' | 'after', seen: string[]][] = [
      ['before', ['user:b']],
      ['both', ['user:b']],
      ['after', ['user:a', 'user:b']],
    ]
    for (const [timing, seen] of timings) {
      it(`'${timing}'`, async () => {
        const during: string[][] = []
        class Users {
          @CacheEvict('user:{0}', { cache: () => cache, timing })
          async rename(id: string, isFailing = false) {
            during.push(await present('user:a', 'user:b'))
            await cache.set('user:a', 'read meanwhile')
            return isFailing ? Promise.reject(new RangeError(id)) : rename(id)
          }
        }
        for (const id of ['a', 'b']) await cache.set(`user:${id}`, 'old')
        await new Users().rename('a')
        expect(await cache.has('user:a')).to.equal(timing === 'before')
        await cache.set('user:a', 'old')
        await rejection(new Users().rename('a', true))
        expect(during).to.deep.equal([seen, seen])
        expect(await cache.get('user:a')).to.equal(timing === 'both' ? undefined : 'read meanwhile')
      })
    }
  })

  describe('drops what is known before the method runs, also where a function of the result fails, which is told:', () => {
    for (const failing of ['resultKey', 'resultTags'] as const) {
      it(failing, async () => {
        const failure = new RangeError('no such id')
        const fail = (): never => {
          throw failure
        }
        class Users {
          @CacheEvict('outer:{0}', { cache: () => cache })
          @CacheEvict('user:{0}', { cache: () => cache, tags: ['users'], [failing]: fail })
          @CacheEvict('inner:{0}', { cache: () => cache })
          rename(id: string) {
            return rename(id)
          }
        }
        await cache.set('list', 'old', '1h', { tags: ['users'] })
        for (const key of ['user:a', 'outer:a', 'inner:a']) await cache.set(key, 'old')
        expect(await rejection(new Users().rename('a'))).to.equal(failure)
        sinon.assert.calledOnceWithExactly(rename, 'a')
        expect(await present('user:a', 'outer:a', 'inner:a', 'list')).to.deep.equal([])
      })
    }
  })

  it('has nothing to do with the cache where the call does not fulfil the condition', async () => {
    class Users {
      @CacheEvict('user:{0}', { cache: () => cache, when: (_id, isDraft) => !isDraft, timing: 'both' })
      save(id: string, isDraft: boolean) {
        return rename(id, isDraft)
      }
    }
    await cache.set('user:a', 'old')
    expect(await new Users().save('a', true)).to.equal('renamed')
    expect(await cache.has('user:a')).to.equal(true)
    await new Users().save('a', false)
    expect(await cache.has('user:a')).to.equal(false)
  })

  it('tells of a method that is not async, and drops nothing', async () => {
    class Users {
      @CacheEvict('user:{0}', { cache: () => cache })
      rename(id: string) {
        return id as unknown as Promise<string>
      }
    }
    await cache.set('user:a', 'old')
    const error = await rejection(new Users().rename('a'))
    expect(error).to.be.instanceOf(NotCacheableError)
    expect(String(error)).to.match(/@CacheEvict on Users\.rename: .*got one that returns string$/)
    expect(await cache.has('user:a')).to.equal(true)
  })

  describe('drops nothing', () => {
    it('where the method throws, and passes the error on unchanged', async () => {
      const failure = Object.assign(new RangeError('no such user'), { status: 404 })
      rename.rejects(failure)
      class Users {
        @CacheEvict('user:{0}', { tags: ['users'], cache: () => cache })
        rename(id: string) {
          return rename(id)
        }
      }
      await cache.set('user:a', 'old')
      await cache.set('list', 'old', '1h', { tags: ['users'] })
      expect(await rejection(new Users().rename('a'))).to.equal(failure)
      expect(await present('user:a', 'list')).to.deep.equal(['user:a', 'list'])
    })
  })

  describe('refuses a call that names nothing before the method has changed anything:', () => {
    class Users {
      @CacheEvict((id) => ['user', id as string], { cache: () => cache })
      byParts(id: unknown) {
        return rename(id)
      }

      @CacheEvict('user:{0.id}', { cache: () => cache })
      byTemplate(user: unknown) {
        return rename(user)
      }

      @CacheEvict({ tags: (tags) => tags as string[], cache: () => cache })
      byTags(tags: unknown) {
        return rename(tags)
      }
    }

    const refused: [what: string, call: (users: Users) => Promise<unknown>, message: RegExp][] = [
      [
        'undefined in a key',
        (users) => users.byParts(undefined),
        /byParts: part 2 of the key: .*got undefined/,
      ],
      [
        'an object in a key',
        (users) => users.byParts({ id: 7 }),
        /byParts: part 2 of the key: .*got an object/,
      ],
      [
        'a path into nothing',
        (users) => users.byTemplate({}),
        /byTemplate: \{0\.id\} of the key: .*got undefined/,
      ],
    ]
    for (const [what, call, message] of refused) {
      it(what, async () => {
        const error = await rejection(call(new Users()))
        expect(error).to.be.instanceOf(InvalidKeyError)
        expect(String(error))
          .to.match(/^InvalidKeyError: @CacheEvict on Users\./)
          .and.match(message)
        expect(rename.callCount).to.equal(0)
      })
    }

    const tags: [what: string, given: unknown][] = [
      ['an empty tag', ['']],
      ['a tag that is undefined', [undefined]],
      ['no array of tags', undefined],
      ['one tag in place of an array', 'users'],
    ]
    for (const [what, given] of tags) {
      it(what, async () => {
        expect(await rejection(new Users().byTags(given))).to.be.instanceOf(Error)
        expect(rename.callCount).to.equal(0)
      })
    }
  })

  it('changes nothing else about the method: this, arguments and result', async () => {
    class Users {
      readonly prefix = 'user'

      @CacheEvict(
        function (id) {
          return [this.prefix, id]
        },
        {
          cache: () => cache,
          tags() {
            return [this.prefix]
          },
        },
      )
      async rename(id: string, ...names: string[]) {
        return [this.prefix, await rename(id, ...names)]
      }
    }
    await cache.set('user:a', 'old')
    await cache.set('list', 'old', '1h', { tags: ['user'] })
    expect(await new Users().rename('a', 'Alice', 'Liddell')).to.deep.equal(['user', 'renamed'])
    sinon.assert.calledOnceWithExactly(rename, 'a', 'Alice', 'Liddell')
    expect(await present('user:a', 'list')).to.deep.equal([])
  })

  it('stands on static methods, and more than once on one', async () => {
    class Users {
      @CacheEvict('user:{0}', { cache: () => cache })
      static remove(id: string) {
        return rename(id)
      }

      @CacheEvict('user:{0}', { cache: () => cache })
      @CacheEvict('user:{1}', { cache: () => cache })
      merge(from: string, into: string) {
        return rename(from, into)
      }
    }
    for (const id of ['a', 'b', 'c']) await cache.set(`user:${id}`, 'old')
    await Users.remove('a')
    expect(await present('user:a', 'user:b', 'user:c')).to.deep.equal(['user:b', 'user:c'])
    await new Users().merge('b', 'c')
    expect(await present('user:b', 'user:c')).to.deep.equal([])
    expect(rename.callCount).to.equal(2)
  })

  it('uses the cache that it is given, or that the instance holds', async () => {
    const own = createCache({ redis: false, logger: false })
    class Users {
      constructor(readonly cache: Cache) {}

      @CacheEvict('user:{0}', { cache: own })
      rename(id: string) {
        return rename(id)
      }

      @CacheEvict('user:{0}', { cache: (self) => self.cache })
      remove(id: string) {
        return rename(id)
      }
    }
    for (const one of [own, cache]) await one.set('user:a', 'old')
    await new Users(cache).rename('a')
    expect([await own.has('user:a'), await cache.has('user:a')]).to.deep.equal([false, true])
    await new Users(cache).remove('a')
    expect(await cache.has('user:a')).to.equal(false)
    await own.close()
  })

  describe('uses the default cache where none is named', () => {
    useDefaultCache()

    it('whichever that is at the time of the call', async () => {
      class Users {
        @CacheEvict('user:{0}')
        rename(id: string) {
          return rename(id)
        }
      }
      setDefaultCache(cache)
      await cache.set('user:a', 'old')
      await new Users().rename('a')
      expect(await cache.has('user:a')).to.equal(false)
    })
  })

  describe('is refused, when the class is declared,', () => {
    const refused: [what: string, given: unknown[], message: RegExp][] = [
      ['without a key and without tags', [{}], /rename: expected a key, tags or all to drop, got none/],
      ['with no tags', [{ tags: [] }], /rename: expected a key, tags or all to drop, got none/],
      ['without anything', [], /rename: key: expected a template.*got undefined/],
      ['with null', [null], /rename: key: .*got null/],
      ['with an array for a key', [['user']], /rename: expected an options object, got an array/],
      ['with options twice', [{ tags: ['a'] }, { tags: ['b'] }], /rename: expected a key before the options/],
      ['with a name in a template', ['user:{id}'], /rename: key: expected places like \{0\}/],
      ['with a misspelt option', ['user', { tag: [] }], /rename: tag: unknown option; did you mean 'tags'/],
      [
        'with a misspelt option alone',
        [{ tags: ['a'], chache: 1 }],
        /rename: chache: .*did you mean 'cache'/,
      ],
      [
        'with a time that is none',
        ['user', { timing: 'later' }],
        /rename: timing: expected 'after' or 'before' or 'both', got 'later'/,
      ],
      ['with all that is neither', [{ all: 'users' }], /rename: all: expected true or false, got 'users'/],
      ['with a key that is none', ['user', { resultKey: 'user' }], /rename: resultKey: expected a function/],
      ['with an empty tag', [{ tags: [''] }], /rename: tags: expected an array of strings/],
      ['with a cache that is none', ['user', { cache: 'redis' }], /rename: cache: expected a cache.*'redis'/],
    ]
    for (const [what, given, message] of refused) {
      it(what, () => {
        const declare = (): unknown => {
          const [key, options] = given as [string, EvictOptions<Users, [string]>]
          class Users {
            @CacheEvict(key, options)
            rename(id: string) {
              return rename(id)
            }
          }
          return Users
        }
        expect(declare).to.throw(InvalidOptionError, message)
        expect(declare).to.throw(/^@CacheEvict on (Users\.)?rename: /)
      })
    }
  })

  describe('over Redis', () => {
    it('drops for every process, also what it drops while Redis is away', async () => {
      const redis = await RedisServer.start({ persistent: true })
      const [one, two] = [0, 1].map(() => createCache({ redis: redis.url, logger: false })) as [Cache, Cache]
      try {
        await eventually(() => one.isConnected && two.isConnected)
        class Users {
          @CacheEvict('user:{0}', { tags: ['users'], cache: one })
          rename(id: string) {
            return rename(id)
          }
        }
        const fill = async (): Promise<void> => {
          expect(await two.set('user:a', 'old')).to.equal('redis')
          expect(await two.set('list', 'old', '1h', { tags: ['users'] })).to.equal('redis')
        }
        await fill()
        await new Users().rename('a')
        expect([await two.has('user:a'), await two.has('list')]).to.deep.equal([false, false])

        await fill()
        await redis.kill()
        expect(await new Users().rename('a')).to.equal('renamed')
        await redis.restart()
        await eventually(() => one.isConnected && two.isConnected)
        expect([await two.has('user:a'), await two.has('list')]).to.deep.equal([false, false])
      } finally {
        await Promise.all([one.close(), two.close()])
        await redis.close()
      }
    })
  })

  /** Those of the keys that the cache has. */
  async function present(...keys: string[]): Promise<string[]> {
    const found = await Promise.all(keys.map((key) => cache.has(key)))
    return keys.filter((_key, index) => found[index])
  }
})
