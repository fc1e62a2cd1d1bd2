import { expect } from 'chai'
import sinon from 'sinon'
import { Cached, cachedMethod, CacheEvict, createCache, decoratedMethods } from 'holdfast'
import type { Cache } from 'holdfast'

// Of its own, for Babel's older dialect does not compile it.
describe('A decorated method that has a symbol for a name', () => {
  const lookUp = Symbol('look up')
  const remove = Symbol('remove')
  let cache: Cache
  let loads = 0

  class Users {
    @Cached((id) => ['user', id], '1h', { cache: () => cache })
    [lookUp](id: string) {
      loads += 1
      return Promise.resolve(`${id} ${String(loads)}`)
    }

    @CacheEvict((id) => ['user', id], { cache: () => cache })
    [remove](id: string) {
      return Promise.resolve(id)
    }
  }
  const users = new Users()

  beforeEach(() => {
    cache = createCache({ redis: false, logger: false })
    loads = 0
  })

  afterEach(async () => {
    await cache.close()
  })

  it('is cached, and drops what is cached', async () => {
    await users[lookUp]('a')
    expect(await users[lookUp]('a')).to.equal('a 1')
    await users[remove]('a')
    expect(await users[lookUp]('a')).to.equal('a 2')
  })

  it('keeps its name', () => {
    expect(Users.prototype[lookUp].name).to.equal('[look up]')
  })

  it('is found by cachedMethod, and listed', () => {
    expect(cachedMethod(users, lookUp).key('a')).to.equal('user:a')
    expect(decoratedMethods()).to.deep.include({
      decorator: '@CacheEvict',
      className: 'Users',
      method: 'Symbol(remove)',
      isStatic: false,
      key: 'by function',
      ttl: undefined,
      tags: [],
    })
  })

  it('shares a default key with another that reads the same, and is warned of', async () => {
    const warned = sinon.stub(process, 'emitWarning')
    const other = Symbol('look up')
    class Twice {
      @Cached(undefined, '1h', { cache: () => cache })
      [lookUp]() {
        return Promise.resolve(1)
      }

      @Cached(undefined, '1h', { cache: () => cache })
      [other]() {
        return Promise.resolve(2)
      }
    }
    const twice = new Twice()
    await twice[lookUp]()
    await twice[other]()
    warned.restore()
    sinon.assert.calledOnceWithMatch(
      warned,
      sinon.match(/^@Cached on Twice\.Symbol\(look up\): its key 'Twice\.Symbol\(look up\):' /),
    )
  })

  it('is named in errors', () => {
    const declare = (): unknown => {
      class Wrong {
        @Cached('user:{id}')
        [lookUp](id: string) {
          return Promise.resolve(id)
        }
      }
      return Wrong
    }
    expect(declare).to.throw(/^@Cached on (Wrong\.)?Symbol\(look up\): key: /)
  })
})
