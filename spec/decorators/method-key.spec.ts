import { expect } from 'chai'
import { Cached, cachedMethod, createCache, InvalidKeyError, InvalidOptionError } from 'holdfast'
import type { Cache } from 'holdfast'
import { rejection } from '../support/rejection'

describe('@Cached without a key', () => {
  let cache: Cache
  let loads: number

  beforeEach(() => {
    cache = createCache({ redis: false, logger: false })
    loads = 0
  })

  afterEach(async () => {
    await cache.close()
  })

  function load(what: string): Promise<string> {
    loads += 1
    return Promise.resolve(`${what} ${String(loads)}`)
  }

  it('tells calls by all their arguments', async () => {
    class Users {
      @Cached(undefined, '1h', { cache: () => cache })
      search(filter: object, page: number) {
        return load(`${JSON.stringify(filter)} ${String(page)}`)
      }
    }
    const users = new Users()
    const found = await users.search({ name: 'a', years: [1, 2] }, 1)
    expect(await users.search({ years: [1, 2], name: 'a' }, 1)).to.equal(found)
    expect(await users.search({ name: 'a', years: [2, 1] }, 1)).not.to.equal(found)
    expect(await users.search({ name: 'a', years: [1, 2] }, 2)).not.to.equal(found)
    expect(loads).to.equal(3)
  })

  it('names class and method in the key, and nothing of the arguments', async () => {
    class Users {
      @Cached(undefined, '1h', { cache: () => cache })
      find(token: string) {
        return load(token)
      }
    }
    const users = new Users()
    await users.find('a-secret')
    const key = cachedMethod(users, 'find').key('a-secret')
    expect(key).to.match(/^Users\.find:[\w-]{43}$/)
    expect(await cache.get(key)).to.equal('a-secret 1')
  })

  it('gives two classes nothing of each other, and two methods neither', async () => {
    class Users {
      @Cached(undefined, '1h', { cache: () => cache })
      find(id: number) {
        return load(`user ${String(id)}`)
      }

      @Cached(undefined, '1h', { cache: () => cache })
      static find(id: number) {
        return load(`static user ${String(id)}`)
      }

      @Cached(undefined, '1h', { cache: () => cache })
      name(id: number) {
        return load(`name ${String(id)}`)
      }
    }
    class Orders {
      @Cached(undefined, '1h', { cache: () => cache })
      find(id: number) {
        return load(`order ${String(id)}`)
      }
    }
    expect(await new Users().find(1)).to.equal('user 1 1')
    expect(await new Orders().find(1)).to.equal('order 1 2')
    expect(await new Users().name(1)).to.equal('name 1 3')
    expect(await Users.find(1)).to.equal('static user 1 4')
    expect(await new Users().find(1)).to.equal('user 1 1')
  })

  describe('in a class that others inherit from', () => {
    class Repository {
      readonly table: string = 'none'

      @Cached(undefined, '1h', { cache: () => cache })
      find(id: number) {
        return load(`${this.table} ${String(id)}`)
      }

      @Cached(undefined, '1h', { cache: () => cache })
      static count() {
        return load(this.name)
      }
    }
    class Users extends Repository {
      override readonly table = 'users'
    }
    class Orders extends Repository {
      override readonly table = 'orders'
    }
    class Archive extends Orders {
      @Cached(undefined, '1h', { cache: () => cache })
      override async find(id: number) {
        return `archived ${await super.find(id)}`
      }
    }

    it('keeps apart what is inherited by each', async () => {
      expect(await new Users().find(1)).to.equal('users 1 1')
      expect(await new Orders().find(1)).to.equal('orders 1 2')
      expect(await new Users().find(1)).to.equal('users 1 1')
      expect(await Users.count()).to.equal('Users 3')
      expect(await Orders.count()).to.equal('Orders 4')
    })

    it('keeps apart an override and what it overrides, which it can call', async () => {
      expect(await new Archive().find(1)).to.equal('archived orders 1 1')
      expect(await new Archive().find(1)).to.equal('archived orders 1 1')
      expect(loads).to.equal(1)
    })

    it('shows both classes in the key', () => {
      expect(cachedMethod(new Orders(), 'find').key(1)).to.match(/^Repository\.find of Orders:/)
      expect(cachedMethod(new Repository(), 'find').key(1)).to.match(/^Repository\.find:/)
      expect(cachedMethod(new Archive(), 'find').key(1)).to.match(/^Archive\.find:/)
      expect(cachedMethod(Repository, 'count').key()).to.match(/^static Repository\.count:/)
      expect(cachedMethod(Orders, 'count').key()).to.match(/^static Repository\.count of Orders:/)
    })
  })

  describe('tells apart', () => {
    const shared = { page: 1 }
    class Money {
      constructor(readonly cents: number) {}
      toJSON() {
        return this.cents
      }
    }
    class Weight extends Money {}
    const different: [what: string, one: unknown[], other: unknown[]][] = [
      ['true and false', [true], [false]],
      ['0 and -0', [0], [-0]],
      ['a number and a bigint', [1], [1n]],
      ['a number and its text', [1], ['1']],
      ['undefined and null', [undefined], [null]],
      ['undefined and nothing', [undefined], []],
      ['NaN and null', [NaN], [null]],
      ['registered symbols', [Symbol.for('a')], [Symbol.for('b')]],
      ['a hole and undefined', [new Array(1)], [[undefined]]],
      ['where one argument ends', [['a'], 'b'], [['a', 'b']]],
      ['a property that is undefined and none', [{ a: undefined }], [{}]],
      ['a Map and an object', [new Map([['a', 1]])], [{ a: 1 }]],
      ['a Set and an array', [new Set([1])], [[1]]],
      ['a date and its number', [new Date(0)], [0]],
      ['kinds of bytes', [new Uint8Array(2)], [new Int8Array(2)]],
      ['bytes', [new Uint8Array([1, 2])], [new Uint8Array([2, 1])]],
      ['flags of patterns', [/a/], [/a/i]],
      ['classes with the same toJSON', [new Money(1)], [new Weight(1)]],
      ['what toJSON gives', [new Money(1)], [new Money(2)]],
      ['URLs', [new URL('http://a/')], [new URL('http://b/')]],
      ['queries', [new URLSearchParams('a=1')], [new URLSearchParams('a=2')]],
    ]
    const equal: [what: string, one: unknown[], other: unknown[]][] = [
      ['another object that is equal', [{ a: [1] }], [{ a: [1] }]],
      [
        'an object that is met twice, and two that are equal',
        [shared, [shared]],
        [{ page: 1 }, [{ page: 1 }]],
      ],
      ['an equal symbol', [Symbol.for('a')], [Symbol.for('a')]],
      ['an object without a prototype', [Object.assign(Object.create(null), { a: 1 })], [{ a: 1 }]],
      ['a hidden property', [Object.defineProperty({ a: 1 }, 'b', { value: 2 })], [{ a: 1 }]],
      ['a part of a buffer', [new Uint8Array([0, 1, 2]).subarray(1)], [new Uint8Array([1, 2])]],
      ['an equal Money', [new Money(1)], [new Money(1)]],
    ]
    class Users {
      @Cached(undefined, '1h', { cache: () => cache })
      find(...args: unknown[]) {
        return load(String(args.length))
      }
    }
    const { key } = cachedMethod(new Users(), 'find')
    for (const [what, one, other] of different) {
      it(what, () => {
        expect(key(...one)).not.to.equal(key(...other))
      })
    }
    for (const [what, one, other] of equal) {
      it(`nothing from ${what}`, () => {
        expect(key(...one)).to.equal(key(...other))
      })
    }
  })

  describe('refuses, without running the method,', () => {
    class Users {
      @Cached(undefined, '1h', { cache: () => cache })
      find(...args: unknown[]) {
        return load(String(args.length))
      }
    }
    class Filter {
      readonly #hidden = 1
      get visible() {
        return this.#hidden
      }
    }
    const cycle: Record<string, unknown> = { name: 'a' }
    cycle['self'] = [cycle]

    const refused: [what: string, args: unknown[], message: string][] = [
      ['a function', [() => 1], 'argument 1 in the default key: expected plain data .*got a function'],
      ['a symbol of its own', ['a', Symbol('b')], 'argument 2 in the default key: .*got Symbol\\(b\\)'],
      ['a symbol of the language', [Symbol.iterator], 'argument 1 .*got Symbol\\(Symbol.iterator\\)'],
      ['an instance whose state may be hidden', [new Filter()], 'argument 1 .*got an object \\(Filter\\)'],
      ['the same further in', [{ where: [new Filter()] }], 'argument 1 .*got an object \\(Filter\\)'],
      ['a promise', [Promise.resolve(1)], 'argument 1 .*got an object \\(Promise\\)'],
      ['a cycle', ['a', cycle], 'argument 2 in the default key: expected no cycle'],
      ['a map in itself', [selfMade()], 'argument 1 in the default key: expected no cycle'],
    ]
    for (const [what, args, message] of refused) {
      it(what, async () => {
        const error = await rejection(new Users().find(...args))
        expect(error).to.be.instanceOf(InvalidKeyError)
        expect(String(error)).to.match(new RegExp(`^InvalidKeyError: @Cached on Users\\.find: ${message}`))
        expect(loads).to.equal(0)
      })
    }

    it('a call without its instance, where no class is known yet', async () => {
      class Lonely {
        @Cached(undefined, '1h', { cache: () => cache })
        find(this: unknown) {
          return load('found')
        }
      }
      const { find } = Lonely.prototype
      const outcome = await find().catch((error: unknown) => error)
      // With experimentalDecorators the class is known from the start.
      if (outcome === 'found 1') return
      expect(outcome).to.be.instanceOf(InvalidOptionError)
      expect(String(outcome)).to.match(/: key: expected one, .* called without its instance$/)
    })

    it('a class that has no name', async () => {
      const call = async (): Promise<string> => {
        class Nameless {
          static readonly name = ''

          @Cached(undefined, '1h', { cache: () => cache })
          find() {
            return load('found')
          }
        }
        return new Nameless().find()
      }
      const outcome = await rejection(call())
      expect(outcome).to.be.instanceOf(InvalidOptionError)
      expect(String(outcome)).to.match(/find: key: expected one, .* the class has no name$/)
    })
  })
})

function selfMade(): Map<string, unknown> {
  const map = new Map<string, unknown>()
  return map.set('self', map)
}
