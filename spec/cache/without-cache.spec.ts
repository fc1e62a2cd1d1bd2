import { expect } from 'chai'
import sinon from 'sinon'
import { Cached, cached, CacheEvict, CachePut, withoutCache } from 'holdfast'
import type { Cache } from 'holdfast'
import { CachePool } from '../support/cache-pool'

describe('withoutCache', () => {
  const pool = new CachePool()
  let cache: Cache
  const load = sinon.stub<[string], Promise<string>>()

  class Users {
    @Cached((id) => ['user', id], '1h', { cache: () => cache })
    find(id: string) {
      return load(id)
    }

    @Cached((id) => ['report', id], '1h', { cache: () => cache })
    async report(id: string) {
      await new Promise(setImmediate)
      return `report of ${await this.find(id)}`
    }

    @CachePut('user:{0}', '1h', { cache: () => cache })
    rename(id: string) {
      return load(id)
    }

    @CacheEvict('user:{0}', { cache: () => cache })
    remove(id: string) {
      return load(id)
    }
  }

  beforeEach(() => {
    cache = pool.open()
    load.reset()
    load.callsFake((id) => Promise.resolve(`${id} ${String(load.callCount)}`))
  })

  it('runs cached methods and functions each time, however deep in the tree of calls', async () => {
    const users = new Users()
    const find = cached(load, 'function:{0}', '1h', { cache })
    await users.report('a')
    await find('a')
    const seen = await withoutCache(async () => [
      await users.report('a'),
      await users.find('a'),
      await find('a'),
    ])
    expect(seen).to.deep.equal(['report of a 3', 'a 4', 'a 5'])
  })

  it('neither reads nor stores, and leaves what is there', async () => {
    const users = new Users()
    await withoutCache(() => users.find('a'))
    expect(await cache.has('user:a')).to.equal(false)
    expect(await users.find('a')).to.equal('a 2')
    await withoutCache(() => users.find('a'))
    expect(await users.find('a')).to.equal('a 2')
  })

  it('ends with the tree of calls: what is called beside it is cached', async () => {
    const users = new Users()
    await users.find('a')
    const beside = users.report('a')
    const within = withoutCache(() => users.report('a'))
    expect(await Promise.all([beside, within])).to.deep.equal(['report of a 1', 'report of a 2'])
  })

  it('lets what changes values drop and store them', async () => {
    const users = new Users()
    await users.find('a')
    await withoutCache(() => users.rename('a'))
    expect(await users.find('a')).to.equal('a 2')
    await withoutCache(() => users.remove('a'))
    expect(await cache.has('user:a')).to.equal(false)
  })

  it('returns what the function returns, and throws what it throws', () => {
    expect(withoutCache(() => 7)).to.equal(7)
    const failure = new RangeError('no')
    expect(() =>
      withoutCache(() => {
        throw failure
      }),
    ).to.throw(failure)
  })
})
