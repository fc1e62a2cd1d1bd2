import { inspect as show } from 'node:util'
import { expect } from 'chai'
import type { Cache, Stored } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { eventually } from '../support/eventually'
import { RedisServer } from '../support/redis-server'
import { rejection } from '../support/rejection'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

/** What goes in, and what comes out of every store. */
const VALUES: [given: unknown, found: unknown][] = [
  ...[null, undefined, 0, -1, 1.5, 5e-324, 2 ** 53, '', ' ', 'text', 'Zoë 鍵 🗝️', '\0', true, false].map(same),
  ...['holdfast1 json', '"quoted"', 'x'.repeat(100_000), [], {}, [null], [[], [{}]], { a: { b: [1, { c: null }] } }].map(same),
  ...[{ '': 1 }, { 'a b': [] }, JSON.parse('{"__proto__":{"a":1}}') as unknown].map(same),
  ...[Buffer.from('bytes'), Buffer.alloc(0), Buffer.from([0, 10, 13, 255])].map(same),
  ...[-0, Number.NaN, Number.POSITIVE_INFINITY, 1n, { id: -(2n ** 70n) }, new Date(0), new Date(Number.NaN)].map(same),
  ...[{ at: new Date(0), then: [new Date(1)] }, '1970-01-01T00:00:00.000Z', { a: undefined, b: 1 }, [undefined]].map(same),
  ...[new Map([['a', { b: new Set([1]) }]]), /a/giu, new URL('https://example.com/a?b'), circle()].map(same),
  ...[new TypeError('no', { cause: new RangeError('why') }), { bytes: Buffer.from('a') }, new Float64Array([-0, 1.5])].map(same),
  [new (class User { readonly name = 'Ada' })(), { name: 'Ada' }],
  [{ toJSON: () => 'of its own' }, 'of its own'],
  [{ toJSON: () => undefined }, undefined],
  ['\ud800', '\ud800'],
] // prettier-ignore

/** What no store takes. */
const unwritable = (): number => 1

const REFUSED: unknown[] = [
  Symbol('a'),
  unwritable,
  [new WeakMap()],
  new Map([['a', Symbol('a')]]),
  throwing(),
]

/** What happens, step by step, and what each step gives. */
const SCENARIOS: [title: string, steps: (cache: Cache) => AsyncGenerator, results: unknown[]][] = [
  [
    'a key that was never set',
    async function* (cache) {
      yield await cache.get('a')
      yield await cache.has('a')
      yield stands(await cache.delete('a'))
    },
    [undefined, false, true],
  ],
  [
    'set, replace, delete',
    async function* (cache) {
      yield stands(await cache.set('a', 1))
      yield await cache.get('a')
      yield stands(await cache.set('a', [2], '5m'))
      yield await cache.get('a')
      yield stands(await cache.delete('a'))
      yield await cache.get('a')
      yield await cache.has('a')
    },
    [true, 1, true, [2], true, undefined, false],
  ],
  [
    'getOrSet of what is there and of what is not',
    async function* (cache) {
      yield await cache.getOrSet('a', () => 'loaded')
      yield await cache.getOrSet('a', () => 'again')
      await cache.set('a', 'set')
      yield await cache.getOrSet('a', () => 'again')
      await cache.delete('a')
      yield await cache.getOrSet('a', () => Promise.resolve('again'))
      yield await cache.get('a')
    },
    ['loaded', 'loaded', 'set', 'again', 'again'],
  ],
  [
    'a loader that fails',
    async function* (cache) {
      yield String(await rejection(cache.getOrSet('a', () => Promise.reject(new TypeError('no')))))
      yield await cache.has('a')
      yield await cache.getOrSet('a', () => 'yes')
    },
    ['TypeError: no', false, 'yes'],
  ],
  [
    'a refused value in the place of another',
    async function* (cache) {
      await cache.set('a', 1)
      yield await cache.set('a', unwritable)
      yield await cache.has('a')
      yield await cache.getOrSet('a', () => unwritable)
      yield await cache.has('a')
    },
    ['none', false, unwritable, false],
  ],
  [
    'tags',
    async function* (cache) {
      await cache.set('a', 1, '1h', { tags: ['x', 'y'] })
      await cache.set('b', 1, '1h', { tags: ['y'] })
      await cache.set('c', 1)
      yield stands(await cache.invalidateTags('x'))
      yield await Promise.all(['a', 'b', 'c'].map((key) => cache.has(key)))
      await cache.set('a', 2, '1h', { tags: ['x'] })
      yield await cache.get('a')
      yield stands(await cache.invalidateTags('y', 'z'))
      yield await Promise.all(['a', 'b', 'c'].map((key) => cache.has(key)))
    },
    [true, [false, true, true], 2, true, [true, false, true]],
  ],
  [
    'clear',
    async function* (cache) {
      await cache.set('a', 1, '1h', { tags: ['x'] })
      await cache.getOrSet('b', () => 1)
      yield stands(await cache.clear())
      yield await Promise.all(['a', 'b'].map((key) => cache.has(key)))
      await cache.set('a', 2)
      yield await cache.get('a')
    },
    [true, [false, false], 2],
  ],
  [
    'expiry',
    async function* (cache) {
      await cache.set('a', 1, 60)
      await cache.getOrSet('b', () => 1, 60)
      await cache.set('c', 1, '1h')
      yield await cache.get('c')
      await eventually(async () => !(await cache.has('a')) && !(await cache.has('b')))
      yield [await cache.get('a'), await cache.get('b'), await cache.get('c')]
      yield await cache.getOrSet('a', () => 2)
    },
    [1, [undefined, undefined, 1], 2],
  ],
  [
    'nobody waiting for anything',
    async function* (cache) {
      yield (await Promise.all([cache.set('a', 1), cache.delete('a'), cache.get('a')])).at(-1)
      yield await cache.get('a')
      yield (await Promise.all([cache.delete('a'), cache.set('a', 2), cache.getOrSet('a', () => 3)])).at(-1)
      yield await cache.get('a')
    },
    [undefined, undefined, 2, 2],
  ],
  [
    'nothing that one reader does to a value and another sees',
    async function* (cache) {
      await cache.set('a', { list: [1] })
      const copy = await cache.get<{ list: number[] }>('a')
      yield attempt(() => copy?.list.push(2))
      const other = await cache.getOrSet('a', () => ({ list: [0] }))
      yield attempt(() => other.list.push(3))
      const first = await cache.getOrSet('first', () => ({ list: [1] }))
      yield attempt(() => first.list.push(3))
      yield [await cache.get('a'), await cache.get('first')]
      await cache.set('b', Buffer.from('abc'))
      const bytes = await cache.get<Buffer>('b')
      bytes?.fill('x')
      yield await cache.get('b')
    },
    [TypeError, TypeError, TypeError, [{ list: [1] }, { list: [1] }], Buffer.from('abc')],
  ],
  [
    'what the cache counts',
    async function* (cache) {
      await cache.get('a')
      await cache.getOrSet('a', () => 1)
      await cache.get('a')
      await cache.getOrSet('a', () => 2)
      await cache.set('b', unwritable)
      await cache.has('b')
      const { hits, misses, hitRatio, loads, refused } = await cache.getStats()
      yield { hits, misses, hitRatio, loads, refused }
    },
    [{ hits: 2, misses: 2, hitRatio: 0.5, loads: 1, refused: 1 }],
  ],
]

for (const store of ['memory', 'Redis'] as const) {
  describe(`The same results over ${store}`, () => {
    failOnUnhandledRejections()

    const pool = new CachePool()
    let server: RedisServer | undefined
    let cache: Cache

    before(async () => {
      if (store === 'Redis') server = await RedisServer.start()
    })

    beforeEach(async () => {
      await server?.command('FLUSHALL')
      cache = server === undefined ? pool.open() : await pool.connect(server)
    })

    after(() => server?.close())

    for (const [given, found] of VALUES) {
      it(`${inspect(given)} is ${inspect(found)} by get, by has, and by getOrSet that comes later`, async () => {
        expect(await cache.set('set', given)).to.equal(store === 'Redis' ? 'redis' : 'memory')
        expect(await cache.get('set')).to.deep.equal(found)
        expect(await cache.has('set')).to.equal(true)
        expect(await cache.getOrSet('set', () => 'loaded')).to.deep.equal(found)

        await cache.getOrSet('loaded', () => given)
        expect(await cache.get('loaded')).to.deep.equal(found)
        expect(await cache.has('loaded')).to.equal(true)
      })
    }

    for (const value of REFUSED) {
      it(`${inspect(value)} is refused: it stands nowhere, and its loader's caller has it all the same`, async () => {
        expect(await cache.set('set', value)).to.equal('none')
        expect(await cache.has('set')).to.equal(false)
        expect(await cache.getOrSet('loaded', () => value)).to.equal(value)
        expect(await cache.has('loaded')).to.equal(false)
      })
    }

    for (const [title, steps, results] of SCENARIOS) {
      it(`for ${title}`, async () => {
        const found: unknown[] = []
        for await (const result of steps(cache)) found.push(result)
        expect(found).to.deep.equal(results)
      })
    }
  })
}

/** Where it stands is another word on each store: that it does is the same. */
function stands(stored: Stored): boolean {
  return stored !== 'none'
}

function same(value: unknown): [unknown, unknown] {
  return [value, value]
}

/** What comes of trying to change something: the class of the error, if there is one. */
function attempt(change: () => unknown): unknown {
  try {
    return change()
  } catch (error) {
    return (error as Error).constructor
  }
}

function circle(): object {
  const made: { self?: object } = {}
  made.self = made
  return made
}

function throwing(): object {
  return {
    toJSON: () => {
      throw new Error('no JSON')
    },
  }
}

function inspect(value: unknown): string {
  return show(value, { breakLength: Infinity, compact: true, maxStringLength: 20 })
}
