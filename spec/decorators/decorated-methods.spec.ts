import { expect } from 'chai'
import { Cached, CacheEvict, CachePut, createCache, decoratedMethods } from 'holdfast'
import type { DecoratedMethod } from 'holdfast'
import { currentDialect } from './current-dialect'

describe('decoratedMethods', () => {
  const cache = createCache({ redis: false, logger: false })

  after(() => cache.close())

  /** What has been declared by this, and not by other specs. */
  function declaredBy(declare: () => unknown): readonly DecoratedMethod[] {
    const before = decoratedMethods().length
    declare()
    return decoratedMethods().slice(before)
  }

  it('lists each decorator with its class, method, key, ttl and tags, as they were written', () => {
    const listed = declaredBy(() => {
      class Listed {
        @Cached('listed:{0}', '1h', { cache, tags: ['people'] })
        byTemplate(id: string) {
          return Promise.resolve(id)
        }

        @Cached((id) => ['listed', id], 5000, { cache, tags: (id) => [id] })
        byFunction(id: string) {
          return Promise.resolve(id)
        }

        @Cached(undefined, undefined, { cache })
        byDefault(id: string) {
          return Promise.resolve(id)
        }

        @CachePut('listed:{0}', (result) => result.length, { cache })
        put(id: string) {
          return Promise.resolve(id)
        }

        @CacheEvict({ cache, tags: ['people'] })
        @CacheEvict('listed:{0}', { cache })
        evict(id: string) {
          return Promise.resolve(id)
        }
      }
      return new Listed()
    })
    const common = { className: 'Listed', isStatic: false, ttl: undefined, tags: [] }
    expect(listed).to.deep.equal([
      {
        ...common,
        decorator: '@Cached',
        method: 'byTemplate',
        key: 'listed:{0}',
        ttl: '1h',
        tags: ['people'],
      },
      {
        ...common,
        decorator: '@Cached',
        method: 'byFunction',
        key: 'by function',
        ttl: 5000,
        tags: 'by arguments',
      },
      { ...common, decorator: '@Cached', method: 'byDefault', key: 'by class, method and arguments' },
      { ...common, decorator: '@CachePut', method: 'put', key: 'listed:{0}', ttl: 'by result' },
      { ...common, decorator: '@CacheEvict', method: 'evict', key: 'listed:{0}' },
      { ...common, decorator: '@CacheEvict', method: 'evict', key: 'none', tags: ['people'] },
    ])
  })

  it('knows the class of a static method at once, and of any other with the first instance', () => {
    let make: () => unknown = () => undefined
    const [ofInstance, ofClass] = declaredBy(() => {
      class Listed {
        @Cached('late:{0}', '1h', { cache })
        find(id: string) {
          return Promise.resolve(id)
        }

        @Cached('early:{0}', '1h', { cache })
        static find(id: string) {
          return Promise.resolve(id)
        }
      }
      class Inheriting extends Listed {}
      make = () => new Inheriting()
    }).toSorted((one, other) => Number(one.isStatic) - Number(other.isStatic))
    expect(ofClass).to.include({ className: 'Listed', isStatic: true })
    expect(ofInstance?.className).to.equal(currentDialect === 'legacy' ? 'Listed' : undefined)
    make()
    expect(decoratedMethods().findLast(({ key }) => key === 'late:{0}')?.className).to.equal('Listed')
  })
})
