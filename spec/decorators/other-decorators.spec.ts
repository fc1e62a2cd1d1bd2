import { expect } from 'chai'
import { Cached, CacheEvict, CachePut, createCache } from 'holdfast'
import type { Cache } from 'holdfast'

type Fn = ((...args: unknown[]) => Promise<unknown>) & { role?: string }

describe('What other decorators have put on a method', () => {
  const cache: Cache = createCache({ redis: false, logger: false })
  const options = { cache }

  after(() => cache.close())

  /** Writes on the function itself, by Reflect and as a property, as NestJS and many others do. */
  function note(role: string) {
    return (...decorated: unknown[]): void => {
      const method = ((decorated[2] as PropertyDescriptor | undefined)?.value ?? decorated[0]) as Fn
      Reflect.defineMetadata(`role:${role}`, role, method)
      Object.defineProperty(method, role, { value: true, enumerable: true, configurable: true })
    }
  }

  class Users {
    @note('above')
    @Cached((id) => ['cached', id], '1h', options)
    @note('beneath')
    cached(id: string) {
      return Promise.resolve(id)
    }

    @note('above')
    @CachePut((id) => ['put', id], '1h', options)
    @note('beneath')
    put(id: string) {
      return Promise.resolve(id)
    }

    @note('above')
    @CacheEvict((id) => ['evict', id], options)
    @CacheEvict({ ...options, tags: ['a'] })
    @note('beneath')
    evict(id: string) {
      return Promise.resolve(id)
    }
  }

  for (const name of ['cached', 'put', 'evict'] as const) {
    it(`is on the method that calls see, be it put there beneath or above: ${name}`, () => {
      const method = Users.prototype[name]
      expect(Reflect.getMetadataKeys(method)).to.have.members(['role:above', 'role:beneath'])
      expect(Reflect.getMetadata('role:beneath', method)).to.equal('beneath')
      expect(Object.keys(method)).to.deep.equal(['beneath', 'above'])
      expect({ name: method.name, length: method.length }).to.deep.equal({ name, length: 1 })
    })
  }
})
