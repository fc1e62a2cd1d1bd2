import { expect } from 'chai'
import sinon from 'sinon'
import { Cached, createCache } from 'holdfast'
import type { Cache } from 'holdfast'

describe('Two methods that are cached under the same key are warned of', () => {
  const warned = sinon.stub<[string, object]>()
  let cache: Cache

  const load = (what: string): Promise<string> => Promise.resolve(what)

  beforeEach(() => {
    cache = createCache({ redis: false, logger: false })
    warned.reset()
    sinon.replace(process, 'emitWarning', warned as unknown as typeof process.emitWarning)
  })

  afterEach(async () => {
    sinon.restore()
    await cache.close()
  })

  it('when the second is declared, naming both', () => {
    const declare = (): unknown => {
      class Users {
        @Cached('thing:{0}', '1h', { cache })
        find(id: string) {
          return load(id)
        }
      }
      class Orders {
        @Cached('thing:{0}', '1h', { cache })
        findOrder(id: string) {
          return load(id)
        }
      }
      return [Users, Orders]
    }
    declare()
    sinon.assert.calledOnceWithExactly(
      warned,
      sinon.match(
        /^@Cached on (Orders\.)?findOrder: its key 'thing:\{0\}' is that of @Cached on (Users\.)?find too, /,
      ),
      { type: 'HoldfastWarning', code: 'HOLDFAST_SHARED_KEY' },
    )
  })

  it('when the second has an instance, where both are called the same', () => {
    class Users {
      @Cached('thing:{0}', '1h', { cache })
      find(id: string) {
        return load(id)
      }
    }
    class Orders {
      @Cached('thing:{0}', '1h', { cache })
      find(id: string) {
        return load(`order ${id}`)
      }
    }
    expect([new Users(), new Orders()]).to.have.lengthOf(2)
    sinon.assert.calledOnceWithMatch(
      warned,
      sinon.match(/^@Cached on Orders\.find: its key 'thing:\{0\}' is that of @Cached on Users\.find too/),
    )
  })

  it('when the second is first called, where the cache is that of the instance', async () => {
    class Users {
      readonly cache = cache
      @Cached('thing:{0}', '1h', { cache: (self) => self.cache })
      find(id: string) {
        return load(id)
      }
    }
    class Orders {
      constructor(readonly cache: Cache) {}

      @Cached('thing:{0}', '1h', { cache: (self) => self.cache })
      findOrder(id: string) {
        return load(id)
      }
    }
    const other = createCache({ redis: false, logger: false })
    await new Users().find('1')
    await new Orders(other).findOrder('1')
    sinon.assert.notCalled(warned)
    await new Orders(cache).findOrder('1')
    await new Orders(cache).findOrder('2')
    sinon.assert.calledOnceWithMatch(
      warned,
      sinon.match(/^@Cached on Orders\.findOrder: .*@Cached on Users\.find too/),
    )
    await other.close()
  })

  it('and of two classes of one name, where neither method has a key', async () => {
    const make = (text: string) => {
      class Service {
        readonly what = text
        @Cached(undefined, '1h', { cache: () => cache })
        find() {
          return load(this.what)
        }
      }
      return Service
    }
    const Other = (() => {
      class Service {
        @Cached(undefined, '1h', { cache: () => cache })
        find() {
          return load('other')
        }
      }
      return Service
    })()
    await new (make('a'))().find()
    // The same code once more, as a factory or a reload gives it.
    await new (make('b'))().find()
    sinon.assert.notCalled(warned)
    await new Other().find()
    sinon.assert.calledOnceWithMatch(
      warned,
      sinon.match(/^@Cached on Service\.find: its key 'Service\.find:' /),
    )
  })

  it('also where one class is a copy of the other', () => {
    class Users {
      constructor(readonly table: string) {}

      @Cached('row:{0}', '1h', { cache })
      find(id: string) {
        return load(this.table + id)
      }
    }
    class Orders {
      constructor(readonly table: string) {}

      @Cached('row:{0}', '1h', { cache })
      find(id: string) {
        return load(this.table + id)
      }
    }
    expect([new Orders('orders'), new Users('users')]).to.have.lengthOf(2)
    sinon.assert.calledOnceWithMatch(
      warned,
      sinon.match(/Orders\.find.*'row:\{0\}'|'row:\{0\}'.*Orders\.find/),
    )
  })

  it('also where a class factory has given both, without a key, once both are in use', async () => {
    const repositoryOf = (table: string) => {
      class Repository {
        @Cached(undefined, '1h', { cache: () => cache })
        find(id: string) {
          return load(table + id)
        }
      }
      return new Repository()
    }
    const users = repositoryOf('users')
    const orders = repositoryOf('orders')
    await users.find('1')
    await orders.find('1')
    sinon.assert.notCalled(warned)
    await users.find('2')
    await orders.find('2')
    await users.find('3')
    sinon.assert.calledOnceWithMatch(
      warned,
      sinon.match(
        /'Repository\.find:' is that of @Cached on Repository\.find of another class of that name, /,
      ),
    )
  })

  it('also where a factory has given two that inherit the method', async () => {
    class Repository {
      readonly table: string = ''

      @Cached(undefined, '1h', { cache: () => cache })
      find(id: string) {
        return load(this.table + id)
      }
    }
    const repositoryOf = (table: string) => {
      class Rows extends Repository {
        override readonly table = table
      }
      return new Rows()
    }
    const [users, orders] = [repositoryOf('users'), repositoryOf('orders')]
    for (const one of [users, orders, users, orders]) await one.find('1')
    sinon.assert.calledOnceWithMatch(warned, sinon.match("'Repository.find of Rows:'"))
  })

  it('also where both have been mixed into different classes, without a key', async () => {
    class Users {
      readonly table = 'users'
    }
    class Orders {
      readonly table = 'orders'
    }
    const withRows = (Table: new () => { readonly table: string }) => {
      class WithRows extends Table {
        @Cached(undefined, '1h', { cache: () => cache })
        row(id: string) {
          return load(this.table + id)
        }
      }
      return WithRows
    }
    await new (withRows(Users))().row('1')
    await new (withRows(Orders))().row('1')
    sinon.assert.calledOnceWithMatch(warned, sinon.match("'WithRows.row:'"))
  })

  it('but not where one has a scope', () => {
    class Settings {
      readonly tenant = 'north'

      @Cached('settings', '1h', { cache })
      ofAll() {
        return load('all')
      }

      @Cached('settings', '1h', { cache, scope: (self) => self.tenant })
      ofTenant() {
        return load(this.tenant)
      }
    }
    expect(new Settings()).to.have.property('tenant')
    sinon.assert.notCalled(warned)
  })

  it('but not where it is the same code once more, as a reload gives it', async () => {
    const declare = () => {
      class Users {
        @Cached('thing:{0}', '1h', { cache })
        find(id: string) {
          return load(id)
        }

        @Cached(undefined, '1h', { cache: () => cache })
        search(text: string) {
          return load(text)
        }
      }
      return new Users()
    }
    for (const users of [declare(), declare(), declare()]) {
      await users.find('1')
      await users.search('a')
      await users.search('b')
    }
    sinon.assert.notCalled(warned)
  })

  it('but not of a method and the one that it overrides, nor where a function makes the key', () => {
    const declare = (): unknown => {
      class Users {
        @Cached('thing:{0}', '1h', { cache })
        find(id: string) {
          return load(id)
        }
      }
      class Teachers extends Users {
        @Cached('thing:{0}', '1h', { cache })
        override find(id: string) {
          return load(`teacher ${id}`)
        }

        @Cached((id) => ['thing', id], '1h', { cache })
        findAgain(id: string) {
          return load(id)
        }
      }
      return [new Users(), new Teachers()]
    }
    declare()
    sinon.assert.notCalled(warned)
  })
})
