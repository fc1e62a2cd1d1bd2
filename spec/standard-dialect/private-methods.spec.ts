import { expect } from 'chai'
import { Cached, CacheEvict, createCache, NotCacheableError } from 'holdfast'
import type { Cache } from 'holdfast'

// Not in the older dialect: it has neither decorators on private methods nor on auto-accessors.
describe('The decorators in the standard dialect alone', () => {
  let cache: Cache

  beforeEach(() => {
    cache = createCache({ redis: false, logger: false })
  })

  afterEach(async () => {
    await cache.close()
  })

  it('stand on private methods', async () => {
    class Users {
      #loads = 0

      find(id: string) {
        return this.#find(id)
      }

      rename(id: string) {
        return this.#rename(id)
      }

      @Cached((id) => ['user', id], '1h', { cache: () => cache })
      #find(id: string) {
        this.#loads += 1
        return Promise.resolve({ id, load: this.#loads })
      }

      @CacheEvict((id) => ['user', id], { cache: () => cache })
      #rename(id: string) {
        return Promise.resolve(id)
      }
    }
    const users = new Users()
    await users.find('7')
    expect(await users.find('7')).to.deep.equal({ id: '7', load: 1 })
    await users.rename('7')
    expect(await users.find('7')).to.deep.equal({ id: '7', load: 2 })
  })

  it('stand on private static methods', async () => {
    let loads = 0
    class Users {
      readonly isInstance = true

      static find(id: string) {
        return this.#find(id)
      }

      @Cached((id) => ['user', id], '1h', { cache: () => cache })
      static #find(id: string) {
        loads += 1
        return Promise.resolve(id)
      }
    }
    await Users.find('7')
    expect(await Users.find('7')).to.equal('7')
    expect(loads).to.equal(1)
  })

  it('name a private method in their errors', () => {
    const declare = (): unknown =>
      class {
        find(id: string) {
          return this.#find(id)
        }

        @Cached('user:{id}')
        #find(id: string) {
          return Promise.resolve(id)
        }
      }
    expect(declare).to.throw(/^@Cached on #find: key: /)
  })

  it('refuse an auto-accessor', () => {
    const declare = (): unknown =>
      class {
        // @ts-expect-error -- an accessor is no async method
        @Cached('users')
        accessor find = (id: string) => Promise.resolve(id)
      }
    expect(declare).to.throw(
      NotCacheableError,
      /^@Cached on find: expected an async method, got an accessor$/,
    )
  })
})
