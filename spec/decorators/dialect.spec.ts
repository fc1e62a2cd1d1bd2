import { expect } from 'chai'
import sinon from 'sinon'
import { Cached, CacheEvict, CachePut, createCache, InvalidOptionError, NotCacheableError } from 'holdfast'
import type { Cache } from 'holdfast'
import { currentDialect } from './current-dialect'

const isLegacy = currentDialect === 'legacy'

describe(`The decorators in the ${currentDialect} dialect`, () => {
  let cache: Cache

  beforeEach(() => {
    cache = createCache({ redis: false, logger: false })
  })

  afterEach(async () => {
    await cache.close()
  })

  describe('refuse to stand without parentheses,', () => {
    const declare: [decorator: string, declare: () => unknown][] = [
      [
        '@Cached',
        () => {
          class Users {
            // @ts-expect-error -- a key, at least, is to be given
            @Cached
            find(id: string) {
              return Promise.resolve(id)
            }
          }
          return Users
        },
      ],
      [
        '@CachePut',
        () => {
          class Users {
            // @ts-expect-error -- a key, at least, is to be given
            @CachePut
            find(id: string) {
              return Promise.resolve(id)
            }
          }
          return Users
        },
      ],
      [
        '@CacheEvict',
        () => {
          class Users {
            readonly name = 'a user'

            // @ts-expect-error -- a key, at least, is to be given
            @CacheEvict
            static find(id: string) {
              return Promise.resolve(id)
            }
          }
          return Users
        },
      ],
    ]
    for (const [decorator, declareIt] of declare) {
      it(`${decorator} when the class is declared`, () => {
        expect(declareIt)
          .to.throw(
            InvalidOptionError,
            `${decorator} on find: expected ${decorator}(…), got it without parentheses`,
          )
          .with.property('code', 'invalid_option')
      })
    }
  })

  describe('refuse, when the class is declared,', () => {
    const getter = (): unknown => {
      class Users {
        // @ts-expect-error -- a getter is no async method
        @Cached('users')
        get all(): Promise<string[]> {
          return Promise.resolve([])
        }
      }
      return Users
    }
    const setter = (): unknown => {
      class Users {
        // @ts-expect-error -- a setter is no async method
        @CacheEvict('users')
        set all(_names: string[]) {
          // Only its decorator matters.
        }
      }
      return Users
    }
    const field = (): unknown => {
      class Users {
        // @ts-expect-error -- a field is no method, whatever it holds
        @Cached('users')
        find = (id: string) => Promise.resolve(id)
      }
      return Users
    }
    const wholeClass = (): unknown => {
      // @ts-expect-error -- a class is no method
      @Cached('users')
      class Users {
        find(id: string) {
          return Promise.resolve(id)
        }
      }
      return Users
    }
    const generator = (): unknown => {
      class Users {
        // @ts-expect-error -- a generator returns no promise
        @Cached('users')
        *all(): Generator<string> {
          yield 'alice'
        }
      }
      return Users
    }
    const asyncGenerator = (): unknown => {
      class Users {
        // @ts-expect-error -- an async generator returns no promise
        @CacheEvict('users')
        async *all(): AsyncGenerator<string> {
          yield await Promise.resolve('alice')
        }
      }
      return Users
    }

    const refused: [what: string, declare: () => unknown, message: RegExp][] = [
      ['a getter', getter, /^@Cached on (Users\.)?all: expected an async method, got a getter$/],
      ['a setter', setter, /^@CacheEvict on (Users\.)?all: expected an async method, got a setter$/],
      ['a field', field, /^@Cached on (Users\.)?find: expected an async method, got a field$/],
      ['a class', wholeClass, /^@Cached on Users(\.constructor)?: expected an async method, got a class$/],
      ['a generator', generator, /^@Cached on (Users\.)?all: expected an async method, got a generator$/],
      [
        'an async generator',
        asyncGenerator,
        /^@CacheEvict on (Users\.)?all: expected an async method, got a generator$/,
      ],
    ]
    for (const [what, declare, message] of refused) {
      it(what, () => {
        expect(declare).to.throw(NotCacheableError, message).with.property('code', 'not_cacheable')
      })
    }
  })

  it('name the method in their errors, and the class where the dialect tells it', () => {
    const declare = (): unknown => {
      class Users {
        @Cached('user:{id}')
        find(id: string) {
          return Promise.resolve(id)
        }
      }
      return Users
    }
    expect(declare).to.throw(isLegacy ? /^@Cached on Users\.find: key: / : /^@Cached on find: key: /)
  })

  it('keep the name and the length of the method', () => {
    class Users {
      @Cached((id) => ['user', id], '1h', { cache: () => cache })
      find(id: string, depth: number, ...rest: string[]) {
        return Promise.resolve([id, depth, rest])
      }

      @CacheEvict((id) => ['user', id], { cache: () => cache })
      rename(id: string, name: string) {
        return Promise.resolve(id + name)
      }
    }
    expect(shapeOf(Users.prototype, 'find')).to.deep.equal({ name: 'find', length: 2 })
    expect(shapeOf(Users.prototype, 'rename')).to.deep.equal({ name: 'rename', length: 2 })
  })

  it('leave the method on the prototype as the language puts it there', () => {
    class Users {
      @Cached((id) => ['user', id], '1h', { cache: () => cache })
      find(id: string) {
        return Promise.resolve(id)
      }
    }
    expect(Object.getOwnPropertyDescriptor(Users.prototype, 'find')).to.include({
      enumerable: false,
      configurable: true,
      writable: true,
    })
    expect(Object.keys(new Users())).to.deep.equal([])
  })

  it('stand beside each other on one method, in either order', async () => {
    const load = sinon.fake((id: string, name: string) => Promise.resolve(`${id} ${name}`))
    class Users {
      @Cached((id) => ['outside', id], '1h', { cache: () => cache })
      @CacheEvict((id) => ['user', id], { cache: () => cache })
      cachedOutside(id: string, name: string) {
        return load(id, name)
      }

      @CacheEvict((id) => ['user', id], { cache: () => cache })
      @Cached((id) => ['inside', id], '1h', { cache: () => cache })
      cachedInside(id: string, name: string) {
        return load(id, name)
      }
    }
    const users = new Users()
    const evicts: boolean[] = []
    for (const method of ['cachedOutside', 'cachedInside', 'cachedOutside', 'cachedInside'] as const) {
      await cache.set('user:a', 'old')
      expect(await users[method]('a', 'b')).to.equal('a b')
      evicts.push(!(await cache.has('user:a')))
    }
    expect(evicts).to.deep.equal([true, true, false, true])
    expect(load.callCount).to.equal(2)
  })

  it('let sinon stub the method on the prototype, and give it back', async () => {
    const load = sinon.fake((id: string) => Promise.resolve(`user ${id}`))
    class Users {
      @Cached((id) => ['user', id], '1h', { cache: () => cache })
      find(id: string) {
        return load(id)
      }
    }
    const users = new Users()
    const stub = sinon.stub(Users.prototype, 'find').resolves('stubbed')
    expect(await users.find('7')).to.equal('stubbed')
    stub.restore()
    expect(await users.find('7')).to.equal('user 7')
    const spy = sinon.spy(Users.prototype, 'find')
    expect(await users.find('7')).to.equal('user 7')
    sinon.assert.calledOnceWithExactly(spy, '7')
    sinon.assert.calledOn(spy, users)
    spy.restore()
    expect(load.callCount).to.equal(1)
  })
})

function shapeOf(prototype: object, property: PropertyKey): { name: string; length: number } {
  const { name, length } = (prototype as Record<PropertyKey, () => unknown>)[property] as () => unknown
  return { name, length }
}
