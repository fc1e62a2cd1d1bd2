import { getEventListeners } from 'node:events'
import { inspect } from 'node:util'
import { expect } from 'chai'
import sinon from 'sinon'
import type { Cache } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { eventually } from '../support/eventually'
import { timesAsked } from '../support/near'
import { RedisServer } from '../support/redis-server'
import { rejection } from '../support/rejection'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

for (const store of ['memory', 'Redis'] as const) {
  describe(`Many keys at once, over ${store}`, () => {
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

    it('are read: those that are there, whatever they have', async () => {
      await cache.setMany([
        ['a', 1],
        ['b', undefined],
        ['c', null],
      ])
      const found = await cache.getMany(['c', 'a', 'absent', 'b', 'a'])
      expect(new Map([...found].sort())).to.deep.equal(
        new Map([
          ['a', 1],
          ['b', undefined],
          ['c', null],
        ]),
      )
      expect(await cache.getMany([])).to.deep.equal(new Map())
    })

    it('are set with one ttl and the same tags, from whatever can be iterated', async () => {
      expect(await cache.setMany(new Map([['a', 1]]), '1h', { tags: ['school'] })).to.equal(
        store === 'Redis' ? 'redis' : 'memory',
      )
      expect(await cache.get('a')).to.equal(1)
      await cache.invalidateTags('school')
      expect(await cache.get('a')).to.equal(undefined)
    })

    it('stand where the least of them does', async () => {
      const values: [string, unknown][] = [
        ['a', 1],
        ['b', () => 'cannot be written'],
      ]
      expect(await cache.setMany(values)).to.equal('none')
      expect(await cache.get('a')).to.equal(1)
    })

    it('are deleted', async () => {
      await cache.setMany([
        ['a', 1],
        ['b', 2],
        ['c', 3],
      ])
      await cache.deleteMany(['a', 'b', 'absent'])
      expect([...(await cache.getMany(['a', 'b', 'c'])).keys()]).to.deep.equal(['c'])
      await cache.deleteMany([])
    })

    it('are loaded by one call for all that are not there', async () => {
      await cache.set('b', 'there')
      const load = sinon.fake((keys: string[]) =>
        Promise.resolve(new Map(keys.map((key) => [key, `made ${key}`]))),
      )
      const found = await cache.getOrSetMany(['a', 'b', 'c', 'a'], load, '1h')
      expect(Object.fromEntries(found)).to.deep.equal({ a: 'made a', b: 'there', c: 'made c' })
      expect(load.args).to.deep.equal([[['a', 'c']]])
      await eventually(async () => (await cache.get('c')) === 'made c')
      expect(await cache.getOrSetMany(['a', 'c'], load)).to.deep.equal(
        new Map([
          ['a', 'made a'],
          ['c', 'made c'],
        ]),
      )
      expect(load.callCount).to.equal(1)
    })

    it('are not stored and not answered where the loader has no value for them', async () => {
      const load = sinon.fake((): Map<string, string> => new Map([['a', 'made']]))
      expect(await cache.getOrSetMany(['a', 'b'], load)).to.deep.equal(new Map([['a', 'made']]))
      await eventually(() => cache.has('a'))
      expect(await cache.has('b')).to.equal(false)
    })

    it('share the load of a key with whoever else asks for it', async () => {
      let finish: (value: string) => void = () => undefined
      const one = cache.getOrSet('a', () => new Promise<string>((resolve) => (finish = resolve)))
      const load = sinon.fake((keys: string[]) => new Map(keys.map((key) => [key, `made ${key}`])))
      const many = cache.getOrSetMany(['a', 'b'], load)
      await eventually(() => load.called)
      finish('alone')
      expect(await one).to.equal('alone')
      expect(Object.fromEntries(await many)).to.deep.equal({ a: 'alone', b: 'made b' })
      expect(load.args).to.deep.equal([[['b']]])
    })

    it('say nothing of a key to others who wait for it, where their loader has no value', async () => {
      let finish: (made: Map<string, string>) => void = () => undefined
      const load = sinon.fake(() => new Promise<Map<string, string>>((resolve) => (finish = resolve)))
      const many = cache.getOrSetMany(['a', 'b'], load)
      await eventually(() => load.called)
      const one = cache.getOrSet('a', () => 'mine')
      const others = cache.getOrSetMany(['a'], () => new Map([['a', 'theirs']]))
      finish(new Map([['b', 'made']]))
      expect(await many).to.deep.equal(new Map([['b', 'made']]))
      expect(await one).to.equal('mine')
      expect((await others).get('a')).to.be.oneOf(['mine', 'theirs'])
    })

    it('end what is past its ttl where the loader has no value for it any more', async () => {
      await cache.set('a', 'old', 20, { grace: '1h' })
      await eventually(async () => !(await cache.has('a')))
      const load = sinon.fake((): Map<string, string> => new Map())
      expect(await cache.getOrSetMany(['a'], load, '1h', { grace: '1h' })).to.deep.equal(
        new Map([['a', 'old']]),
      )
      await eventually(async () => (await cache.getOrSetMany(['a'], load, '1h', { grace: '1h' })).size === 0)
    })

    it('have one listener on a signal, however many they are, and none when they are there', async () => {
      const warned = sinon.spy()
      process.on('warning', warned)
      const { signal } = new AbortController()
      const keys = Array.from({ length: 50 }, (_, index) => `key ${String(index)}`)
      const load = sinon.fake((missing: string[]) => {
        expect(getEventListeners(signal, 'abort')).to.have.length(1)
        return new Map(missing.map((key) => [key, key]))
      })
      await cache.getOrSetMany(keys, load, '1h', { signal })
      expect(getEventListeners(signal, 'abort')).to.have.length(0)
      await new Promise(setImmediate)
      process.off('warning', warned)
      expect(warned.args).to.deep.equal([])
    })

    it('by the thousand are no burst that Redis is taken to be silent in', async () => {
      const keys = Array.from({ length: 1500 }, (_, index) => `key ${String(index)}`)
      const states = sinon.spy()
      cache.on('state', states)
      const stood = await cache.setMany(keys.map((key) => [key, key]))
      expect(stood).to.equal(store === 'Redis' ? 'redis' : 'memory')
      expect((await cache.getMany(keys)).size).to.equal(keys.length)
      expect(states.args).to.deep.equal([])
    })

    it('have the last value of a key that is set twice', async () => {
      expect(
        await cache.setMany([
          ['a', 1],
          ['a', 2],
        ]),
      ).to.not.equal('none')
      expect(await cache.get('a')).to.equal(2)
    })

    it('bring a failure of the loader to all who wait', async () => {
      const failure = new Error('away')
      expect(await rejection(cache.getOrSetMany(['a', 'b'], sinon.fake.rejects(failure)))).to.equal(failure)
      const none = (() => [1, 2]) as unknown as () => Map<string, number>
      expect(String(await rejection(cache.getOrSetMany(['a'], none)))).to.match(
        /^TypeError: getOrSetMany: .*Map/,
      )
    })

    it('take one command where Redis is asked', async () => {
      if (server === undefined) return
      const far = await pool.connect(server, { nearCache: false })
      const keys = Array.from({ length: 50 }, (_, index) => `key ${String(index)}`)
      await far.setMany(keys.map((key) => [key, key]))
      const before = await timesAsked(server)
      expect((await far.getMany(keys)).size).to.equal(50)
      // Beside the anchors, which are asked for twice a second.
      expect((await timesAsked(server)) - before).to.be.below(8)
    })
  })
}

describe('Many keys', () => {
  const pool = new CachePool()

  it('are refused where one of them is none, and nothing is done', async () => {
    const cache = pool.open()
    const bad = ['a', ''] as string[]
    const calls = [
      () => cache.getMany(bad),
      () => cache.deleteMany(bad),
      () => cache.setMany(bad.map((key) => [key, 1])),
      () => cache.getOrSetMany(bad, () => new Map()),
    ]
    for (const call of calls) {
      expect(String(await rejection(call()))).to.equal(
        "InvalidKeyError: key 2: expected a string that is not empty, got ''",
      )
    }
    expect(await cache.has('a')).to.equal(false)
  })

  for (const entries of [['ab'], { a: 1 }, undefined, [['a']]]) {
    it(`are not set where they are ${inspect(entries)}`, async () => {
      const error = await rejection(pool.open().setMany(entries as unknown as [string, unknown][]))
      expect(String(error)).to.match(/^InvalidOptionError: setMany: entries: expected pairs /)
    })
  }

  for (const keys of ['abc', undefined, { a: 1 }]) {
    it(`are refused where they are ${inspect(keys)}`, async () => {
      const error = await rejection(pool.open().getMany(keys as unknown as string[]))
      expect(String(error)).to.match(/^InvalidOptionError: keys: expected an array, got /)
    })
  }
})
