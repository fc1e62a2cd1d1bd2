import { expect } from 'chai'
import sinon from 'sinon'
import { Cached, CacheEvict, cachedMethod, createCache, InvalidKeyError, NotCacheableError } from 'holdfast'
import type { Cache } from 'holdfast'
import { eventually } from '../support/eventually'
import { rejection } from '../support/rejection'

describe('cachedMethod', () => {
  let cache: Cache
  let loads: number

  beforeEach(() => {
    cache = createCache({ redis: false, logger: false })
    loads = 0
  })

  afterEach(async () => {
    await cache.close()
  })

  function load(id: string): Promise<string> {
    loads += 1
    return Promise.resolve(`${id} ${String(loads)}`)
  }

  class Users {
    constructor(readonly tenant = 'north') {}

    @Cached((id) => ['user', id], '1h', { cache: () => cache, scope: (self) => self.tenant })
    find(id: string) {
      return load(id)
    }

    @Cached('one:{0}', '1h', { cache: () => cache })
    static find(id: string) {
      return load(`static ${id}`)
    }

    @CacheEvict('one:{0}', { cache: () => cache })
    rename(id: string) {
      return Promise.resolve(id)
    }

    notCached(id: string) {
      return load(id)
    }
  }

  it('drops what a method has stored for these arguments, of this instance, and nothing else', async () => {
    const [north, south] = [new Users('north'), new Users('south')]
    for (const users of [north, south]) for (const id of ['a', 'b']) await users.find(id)
    expect(await cachedMethod(north, 'find').delete('a')).to.equal('memory')
    expect(await north.find('a')).to.equal('a 5')
    expect(await north.find('b')).to.equal('b 2')
    expect(await south.find('a')).to.equal('a 3')
  })

  it('reads what a method has stored, and never runs it', async () => {
    const { get, has, key } = cachedMethod(new Users(), 'find')
    expect(key('a')).to.equal('@north:user:a')
    expect(await get('a')).to.equal(undefined)
    expect(await has('a')).to.equal(false)
    expect(loads).to.equal(0)
    await new Users().find('a')
    await eventually(() => has('a'))
    expect(await get('a')).to.equal('a 1')
    expect(loads).to.equal(1)
  })

  it('tells arguments that name nothing', async () => {
    const { key, get } = cachedMethod(new Users(), 'find')
    expect(() => key(undefined as unknown as string)).to.throw(
      InvalidKeyError,
      /^@Cached on Users\.find: part 2/,
    )
    expect(await rejection(get(undefined as unknown as string))).to.be.instanceOf(InvalidKeyError)
  })

  it('finds static methods', async () => {
    const { key, delete: drop } = cachedMethod(Users, 'find')
    expect(key('a')).to.equal('one:a')
    await Users.find('a')
    await drop('a')
    expect(await Users.find('a')).to.equal('static a 2')
  })

  it('finds what a class has inherited, but not what it has in place of that', () => {
    class Teachers extends Users {}
    class Pupils extends Users {
      override find(id: string) {
        return super.find(`pupil ${id}`)
      }
    }
    expect(cachedMethod(new Teachers('south'), 'find').key('a')).to.equal('@south:user:a')
    expect(cachedMethod(Teachers, 'find').key('a')).to.equal('one:a')
    expect(() => cachedMethod(new Pupils(), 'find')).to.throw(
      NotCacheableError,
      'cachedMethod: expected a method under @Cached, got Pupils.find',
    )
  })

  it('finds it under other decorators, under a spy, and where the instance has a bound copy', async () => {
    const wrap = (...decorated: unknown[]): void => {
      const [method, , descriptor] = decorated as [() => unknown, unknown, PropertyDescriptor?]
      const original = (descriptor?.value ?? method) as (...args: unknown[]) => unknown
      const wrapped = function (this: unknown, ...args: unknown[]): unknown {
        return Reflect.apply(original, this, args)
      }
      if (descriptor === undefined) return wrapped as unknown as undefined
      descriptor.value = wrapped
      return undefined
    }
    class Service {
      @wrap
      @Cached('thing:{0}', '1h', { cache: () => cache })
      find(id: string) {
        return load(id)
      }

      @Cached('other:{0}', '1h', { cache: () => cache })
      bound(id: string) {
        return load(id)
      }

      constructor() {
        this.bound = this.bound.bind(this)
      }
    }
    const service = new Service()
    await service.find('a')
    await cachedMethod(service, 'find').delete('a')
    expect(await service.find('a')).to.equal('a 2')
    expect(cachedMethod(service, 'bound').key('a')).to.equal('other:a')
    const spy = sinon.spy(Service.prototype, 'bound')
    expect(cachedMethod(service, 'bound').key('a')).to.equal('other:a')
    spy.restore()
  })

  for (const name of ['notCached', 'rename', 'nothing'] as const) {
    it(`refuses ${name}, which is not cached`, () => {
      expect(() => cachedMethod(new Users(), name as 'find'))
        .to.throw(NotCacheableError, `cachedMethod: expected a method under @Cached, got Users.${name}`)
        .with.property('code', 'not_cacheable')
    })
  }

  for (const [what, service] of [
    ['null', null],
    ['an object (no class)', Object.create(null) as object],
    ['Date', Date],
  ] as const) {
    it(`refuses ${what}, which has no such method`, () => {
      expect(() => cachedMethod(service as unknown as Users, 'find')).to.throw(
        NotCacheableError,
        `cachedMethod: expected a method under @Cached, got ${what}.find`,
      )
    })
  }
})
