import { expectTypeOf } from 'expect-type'
import { Cached, cachedMethod, CacheEvict, CachePut, decoratedMethods, withoutCache } from 'holdfast'
import type {
  Cache,
  CachedMethod,
  CachedOptions,
  CallOptions,
  DecoratedMethod,
  EvictOptions,
  KeyFunction,
  KeyPart,
  PutOptions,
  Stored,
} from 'holdfast'

interface User {
  id: string
  name: string
}

declare const cache: Cache
declare const byName: unique symbol
declare function load(...args: unknown[]): Promise<User>

// Compiled in both dialects of TypeScript, and never run.

/** The parameters of the key, the tags and the cache are the method's own, without annotation. */
export class Inferred {
  declare readonly cache: Cache
  declare readonly tenant: 'north'

  @Cached(
    (id, year) => {
      expectTypeOf(id).toEqualTypeOf<string>()
      expectTypeOf(year).toEqualTypeOf<number>()
      return ['user', id, year]
    },
    '1h',
    {
      tags: (id, year) => {
        expectTypeOf(id).toEqualTypeOf<string>()
        expectTypeOf(year).toEqualTypeOf<number>()
        return [`user:${id}`]
      },
      cache: (self) => {
        expectTypeOf(self.cache).toEqualTypeOf<Cache>()
        expectTypeOf(self.tenant).toEqualTypeOf<'north'>()
        return self.cache
      },
    },
  )
  find(id: string, year: number): Promise<User> {
    return load(id, year)
  }

  @CacheEvict(
    (user) => {
      expectTypeOf(user).toEqualTypeOf<User>()
      return ['user', user.id]
    },
    {
      tags: (user) => {
        expectTypeOf(user).toEqualTypeOf<User>()
        return [user.name]
      },
    },
  )
  save(user: User): Promise<void> {
    return load(user).then(() => undefined)
  }

  @CacheEvict({
    tags: (school, year) => {
      expectTypeOf(school).toEqualTypeOf<number>()
      expectTypeOf(year).toEqualTypeOf<string | undefined>()
      return [`school:${String(school)}`]
    },
  })
  closeYear(school: number, year?: string): Promise<User> {
    return load(school, year)
  }

  @Cached(
    function (id) {
      expectTypeOf(this.tenant).toEqualTypeOf<'north'>()
      expectTypeOf(id).toEqualTypeOf<string>()
      return [this.tenant, id]
    },
    60_000,
    {
      tags() {
        expectTypeOf(this.tenant).toEqualTypeOf<'north'>()
        return [this.tenant]
      },
    },
  )
  ofTenant(id: string): Promise<User> {
    return load(id)
  }

  @Cached((...ids) => {
    expectTypeOf(ids).toEqualTypeOf<string[]>()
    return ['users', ...ids]
  })
  findAll(...ids: string[]): Promise<User> {
    return load(ids)
  }

  @Cached((id, depth) => {
    expectTypeOf(depth).toEqualTypeOf<number | undefined>()
    return ['user', id, depth ?? 1]
  })
  withDefault(id: string, depth = 1): Promise<User> {
    return load(id, depth)
  }

  @Cached((id) => {
    expectTypeOf(id).toEqualTypeOf<number>()
    return ['user', id]
  })
  static find(id: number): Promise<User> {
    return load(id)
  }

  @Cached((id) => {
    expectTypeOf(id).toEqualTypeOf<bigint>()
    return [id]
  })
  [byName](id: bigint): Promise<User> {
    return load(id)
  }

  @Cached((id) => ['generic', id])
  generic<Id extends string>(id: Id): Promise<Id> {
    return Promise.resolve(id)
  }

  @Cached('users')
  async inferred() {
    return [await load()]
  }

  @Cached(
    'user:{0}',
    (user, id) => {
      expectTypeOf(user).toEqualTypeOf<User>()
      expectTypeOf(id).toEqualTypeOf<string>()
      return user.name === '' ? '1m' : 1000
    },
    {
      grace: '1h',
      loaderTimeout: 2000,
      unless(user, id) {
        expectTypeOf(this.tenant).toEqualTypeOf<'north'>()
        expectTypeOf(user).toEqualTypeOf<User>()
        return user.id !== id
      },
      resultTags: (user) => [user.name],
    },
  )
  byResult(id: string): Promise<User> {
    return load(id)
  }

  @Cached(undefined, '1h', {
    when(filter, page) {
      expectTypeOf(this.tenant).toEqualTypeOf<'north'>()
      expectTypeOf(filter).toEqualTypeOf<{ name: string }>()
      return page > 1
    },
    scope: (self) => {
      expectTypeOf(self.tenant).toEqualTypeOf<'north'>()
      return self.tenant
    },
  })
  byDefaultKey(filter: { name: string }, page: number): Promise<User> {
    return load(filter, page)
  }

  @Cached()
  withNothing(): Promise<User> {
    return load()
  }

  @CachePut(
    (id) => {
      expectTypeOf(id).toEqualTypeOf<string>()
      return ['user', id]
    },
    (user, id, name) => {
      expectTypeOf(user).toEqualTypeOf<User>()
      expectTypeOf(name).toEqualTypeOf<string>()
      return user.id === id ? '1h' : 1000
    },
    {
      unless(user, id) {
        expectTypeOf(this.tenant).toEqualTypeOf<'north'>()
        expectTypeOf(id).toEqualTypeOf<string>()
        return user.name === ''
      },
      resultTags: (user) => [user.name],
    },
  )
  put(id: string, name: string): Promise<User> {
    return load(id, name)
  }

  @CachePut(undefined, '1h', {
    resultKey: (user, name) => {
      expectTypeOf(user).toEqualTypeOf<User>()
      expectTypeOf(name).toEqualTypeOf<string>()
      return ['user', user.id]
    },
  })
  create(name: string): Promise<User> {
    return load(name)
  }

  @CacheEvict((ids) => ids.map((id) => ['user', id]))
  removeAll(ids: string[]): Promise<void> {
    return load(ids).then(() => undefined)
  }

  @CacheEvict({
    all: true,
    timing: 'both',
    when: (id) => id !== '',
    resultKey(users, id) {
      expectTypeOf(this.tenant).toEqualTypeOf<'north'>()
      expectTypeOf(id).toEqualTypeOf<string>()
      return users.map((user) => ['user', user.id])
    },
    resultTags: (users) => users.map(({ name }) => name),
  })
  merge(id: string): Promise<User[]> {
    return Promise.all([load(id)])
  }

  overloaded(id: string): Promise<User>
  overloaded(id: number, isMany: boolean): Promise<User>
  @Cached((id, isMany) => ['user', id, isMany ?? false])
  overloaded(id: string | number, isMany?: boolean): Promise<User> {
    return load(id, isMany)
  }

  own(): Promise<Stored> {
    return cachedMethod(this, 'find').delete('7', 1)
  }
}

/** Annotated parameters are taken as well, and so is whatever else a key may be. */
export class Annotated {
  declare readonly cache: Cache

  @Cached((id: string) => ['user', id], '1h', { cache: (self: Annotated) => self.cache })
  find(id: string): Promise<User> {
    return load(id)
  }

  @CacheEvict((user: User) => ['user', user.id], { tags: (user: User) => [user.name] })
  save(user: User): Promise<User> {
    return load(user)
  }

  @CacheEvict({ tags: (school: number) => [`school:${String(school)}`], cache })
  closeYear(school: number): Promise<User> {
    return load(school)
  }

  @Cached('role:{0}', '1h', { tags: ['roles'], cache })
  byTemplate(name: string): Promise<User> {
    return load(name)
  }

  @Cached((id) => `user:${id}`)
  byWholeKey(id: string): Promise<User> {
    return load(id)
  }

  @Cached((...parts) => parts)
  everyPart(text: string, count: number, large: bigint, is: boolean): Promise<User> {
    return load(text, count, large, is)
  }
}

/** What names nothing, or not always the same thing, is no key part. */
export class WrongParts {
  // @ts-expect-error -- a part that may be undefined
  @Cached((id) => ['user', id])
  mayBeUndefined(id?: string): Promise<User> {
    return load(id)
  }

  // @ts-expect-error -- a part that may be null
  @Cached((id) => ['user', id])
  mayBeNull(id: string | null): Promise<User> {
    return load(id)
  }

  // @ts-expect-error -- an object
  @Cached((user) => ['user', user])
  object(user: User): Promise<User> {
    return load(user)
  }

  // @ts-expect-error -- a Date, which may be written in many ways
  @CacheEvict((day) => ['day', day])
  date(day: Date): Promise<User> {
    return load(day)
  }

  // @ts-expect-error -- a symbol
  @CacheEvict((name) => ['user', name])
  symbol(name: symbol): Promise<User> {
    return load(name)
  }

  // @ts-expect-error -- an array among the parts
  @Cached((ids) => ['users', ids])
  array(ids: string[]): Promise<User> {
    return load(ids)
  }

  // @ts-expect-error -- a number in the place of a whole key
  @Cached((id) => id)
  number(id: number): Promise<User> {
    return load(id)
  }

  // @ts-expect-error -- nothing at all
  @CacheEvict(() => undefined)
  nothing(): Promise<User> {
    return load()
  }

  // @ts-expect-error -- a key that has to be waited for
  @Cached((id) => Promise.resolve(['user', id]))
  promised(id: string): Promise<User> {
    return load(id)
  }

  // @ts-expect-error -- a parameter of another type than the method's
  @Cached((id: number) => ['user', id])
  anotherType(id: string): Promise<User> {
    return load(id)
  }

  // @ts-expect-error -- more parameters than the method has
  @Cached((id: string, year: number) => ['user', id, year])
  tooMany(id: string): Promise<User> {
    return load(id)
  }
}

/** What stands under a decorator is an async method. */
export class NotAsync {
  // @ts-expect-error -- synchronous
  @Cached((id) => ['user', id])
  find(id: string): string {
    return id
  }

  // @ts-expect-error -- synchronous, without a result
  @CacheEvict('users')
  save(): void {
    void load()
  }

  // @ts-expect-error -- not always asynchronous
  @Cached('users')
  sometimes(): string | Promise<string> {
    return ''
  }

  // @ts-expect-error -- a thenable that is no promise
  @Cached('users')
  thenable(): PromiseLike<string> {
    return Promise.resolve('')
  }

  // @ts-expect-error -- an async generator
  @Cached('users')
  async *all(): AsyncGenerator<User> {
    yield await load()
  }
}

/** Options that nobody reads, or that are none, are refused. */
export class WrongOptions {
  declare readonly store: string
  declare readonly maybe: string | undefined

  // @ts-expect-error -- there is no such option
  @Cached('users', '1h', { tag: ['users'] })
  misspelt(): Promise<User> {
    return load()
  }

  // @ts-expect-error -- tags are strings
  @Cached('users', '1h', { tags: [1] })
  numberTag(): Promise<User> {
    return load()
  }

  // @ts-expect-error -- tags are an array
  @CacheEvict({ tags: (id) => id })
  oneTag(id: string): Promise<User> {
    return load(id)
  }

  // @ts-expect-error -- a cache, not where it is
  @Cached('users', '1h', { cache: 'redis://127.0.0.1' })
  url(): Promise<User> {
    return load()
  }

  // @ts-expect-error -- the instance holds something else
  @Cached('users', '1h', { cache: (self) => self.store })
  holdsNone(): Promise<User> {
    return load()
  }

  // @ts-expect-error -- a ttl is a number or a string
  @Cached('users', new Date())
  date(): Promise<User> {
    return load()
  }

  // @ts-expect-error -- a key is needed, of the call or of the result
  @CachePut()
  withoutKey(): Promise<User> {
    return load()
  }

  // @ts-expect-error -- a test of something else than the result
  @Cached('users', '1h', { unless: (user: number) => user > 1 })
  wrongTest(): Promise<User> {
    return load()
  }

  // @ts-expect-error -- a scope is a function of the instance
  @Cached('users', '1h', { scope: 'north' })
  fixedScope(): Promise<User> {
    return load()
  }

  // @ts-expect-error -- the instance may be nobody's
  @Cached('users', '1h', { scope: (self) => self.maybe })
  maybeScope(): Promise<User> {
    return load()
  }

  // @ts-expect-error -- a condition that has to be waited for
  @Cached('users', '1h', { when: () => Promise.resolve(true) })
  promisedCondition(): Promise<User> {
    return load()
  }

  // @ts-expect-error -- a ttl is a number or a string
  @CachePut('users', (user) => user.name === '')
  wrongTtl(): Promise<User> {
    return load()
  }

  // @ts-expect-error -- an object
  @CacheEvict({ resultKey: (user) => ['user', user] })
  wrongResult(): Promise<User> {
    return load()
  }

  // @ts-expect-error -- keys that are not given as their parts
  @CacheEvict((ids) => [ids.map((id) => ({ id }))])
  wrongKeys(ids: string[]): Promise<User> {
    return load(ids)
  }

  // @ts-expect-error -- there is no such time
  @CacheEvict('users', { timing: 'later' })
  wrongTiming(): Promise<User> {
    return load()
  }

  // @ts-expect-error -- synchronous
  @CachePut('users')
  synchronous(): User {
    return { id: '', name: '' }
  }
}

// A method is the same to its callers, decorated or not.
expectTypeOf<Inferred['find']>().toEqualTypeOf<(id: string, year: number) => Promise<User>>()
expectTypeOf<Inferred['inferred']>().toEqualTypeOf<() => Promise<User[]>>()
expectTypeOf<Inferred['generic']>().toEqualTypeOf<<Id extends string>(id: Id) => Promise<Id>>()

expectTypeOf<KeyPart>().toEqualTypeOf<string | number | bigint | boolean>()
expectTypeOf<ReturnType<KeyFunction<[]>>>().toEqualTypeOf<string | readonly KeyPart[]>()
expectTypeOf<CachedOptions<Inferred, [string]>>().toExtend<CallOptions<Inferred, [string]>>()
expectTypeOf<PutOptions<Inferred, [string], User>>().toExtend<CallOptions<Inferred, [string]>>()
expectTypeOf<EvictOptions<Inferred, [string], User>>().toExtend<CallOptions<Inferred, [string]>>()

// The handle takes the method's own arguments, and knows what comes out.
declare const service: Inferred
const found = cachedMethod(service, 'find')
expectTypeOf(found).toEqualTypeOf<CachedMethod<[id: string, year: number], User>>()
expectTypeOf(found.get('7', 1)).toEqualTypeOf<Promise<User | undefined>>()
expectTypeOf(found.delete('7', 1)).toEqualTypeOf<Promise<Stored>>()
expectTypeOf(cachedMethod(Inferred, 'find').key(7)).toEqualTypeOf<string>()
expectTypeOf(cachedMethod(service, byName).get(7n)).toEqualTypeOf<Promise<User | undefined>>()
// @ts-expect-error -- an argument is missing
void found.delete('7')
// @ts-expect-error -- an argument of another type
void found.get(7, 1)
// @ts-expect-error -- there is no such method
cachedMethod(service, 'search')
expectTypeOf(cachedMethod(service, 'tenant')).toBeNever()

expectTypeOf(decoratedMethods()).toEqualTypeOf<readonly DecoratedMethod[]>()
expectTypeOf(withoutCache(() => service.find('7', 1))).toEqualTypeOf<Promise<User>>()
