import { expectTypeOf } from 'expect-type'
import { cached } from 'holdfast'
import type { Cache } from 'holdfast'

declare const cache: Cache
declare function load(id: string, year?: number): Promise<{ id: string }>

const find = cached(load, (id, year) => {
  expectTypeOf(id).toEqualTypeOf<string>()
  expectTypeOf(year).toEqualTypeOf<number | undefined>()
  return ['user', id, year ?? 0]
})
expectTypeOf(find).parameters.toEqualTypeOf<Parameters<typeof load>>()
expectTypeOf(find).returns.toEqualTypeOf<Promise<{ id: string }>>()

cached(load, 'user:{0}', '1h', { cache, tags: (id) => [`user:${id}`] })
cached(load, 'user:{0}', (user, id) => (user.id === id ? '1h' : 1000), {
  unless: (user) => {
    expectTypeOf(user).toEqualTypeOf<{ id: string }>()
    return user.id === ''
  },
  resultTags: (user) => [user.id],
  grace: '1h',
})
cached(load, (id: string) => `user:${id}`, 1000, { tags: ['users'] })
cached(
  (id: number) => Promise.resolve(id),
  (id) => {
    expectTypeOf(id).toEqualTypeOf<number>()
    return [id]
  },
)

// @ts-expect-error -- a key is needed
cached(load)
// @ts-expect-error -- a part that may be undefined
cached(load, (id, year) => ['user', id, year])
// @ts-expect-error -- a parameter of another type than the function's
cached(load, (id: number) => ['user', id])
// @ts-expect-error -- synchronous
cached((id: string) => id, 'user:{0}')
// @ts-expect-error -- there is no such option
cached(load, 'user:{0}', '1h', { tag: [] })
