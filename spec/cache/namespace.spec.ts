import { inspect } from 'node:util'
import { expect } from 'chai'
import sinon from 'sinon'
import { cached, InvalidKeyError, InvalidOptionError } from 'holdfast'
import type { Cache } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { RedisServer } from '../support/redis-server'
import { rejection } from '../support/rejection'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

for (const store of ['memory', 'Redis'] as const) {
  describe(`Namespaces of a cache, over ${store}`, () => {
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

    it('have keys of their own, which begin with their name', async () => {
      const [north, south] = [cache.namespace('north'), cache.namespace('south')]
      await north.set('pupils', 1)
      await south.set('pupils', 2)
      expect([await north.get('pupils'), await south.get('pupils')]).to.deep.equal([1, 2])
      expect(await cache.get('pupils')).to.equal(undefined)
      expect(await cache.get('north:pupils')).to.equal(1)
      expect([cache.prefix, north.prefix]).to.deep.equal(['', 'north:'])
      await north.delete('pupils')
      expect([await north.has('pupils'), await south.has('pupils')]).to.deep.equal([false, true])
    })

    it('share loads with nobody else', async () => {
      const load = sinon.fake((name: string) => Promise.resolve(name))
      const answers = await Promise.all(
        ['north', 'south', 'north'].map((name) => cache.namespace(name).getOrSet('pupils', () => load(name))),
      )
      expect(answers).to.deep.equal(['north', 'south', 'north'])
      expect(load.callCount).to.equal(2)
    })

    it('are cleared by themselves', async () => {
      const [north, south] = [cache.namespace('north'), cache.namespace('south')]
      for (const part of [cache, north, south]) await part.set('pupils', 1)
      await north.clear()
      expect(await Promise.all([cache, north, south].map((part) => part.has('pupils')))).to.deep.equal([
        true,
        false,
        true,
      ])
    })

    it('are cleared with what they lie in', async () => {
      const north = cache.namespace('north')
      const city = north.namespace('city')
      await city.set('pupils', 1)
      expect(await cache.namespace('north:city').get('pupils')).to.equal(1)
      await north.clear()
      expect(await city.get('pupils')).to.equal(undefined)
      await city.set('pupils', 2)
      await cache.clear()
      expect(await city.get('pupils')).to.equal(undefined)
    })

    it('win with a clear over a load that it interrupts', async () => {
      const north = cache.namespace('north')
      let finish: (value: string) => void = () => undefined
      let begin: () => void = () => undefined
      const begun = new Promise<void>((resolve) => (begin = resolve))
      const early = north.getOrSet('pupils', () => {
        begin()
        return new Promise<string>((resolve) => (finish = resolve))
      })
      await begun
      await north.clear()
      finish('overtaken')
      expect(await early).to.equal('overtaken')
      expect(await north.getOrSet('pupils', () => 'new')).to.equal('new')
    })

    it('have tags of their own', async () => {
      const [north, south] = [cache.namespace('north'), cache.namespace('south')]
      for (const part of [cache, north, south]) await part.set('pupils', 1, '1h', { tags: ['school'] })
      await north.invalidateTags('school')
      expect(await Promise.all([cache, north, south].map((part) => part.has('pupils')))).to.deep.equal([
        true,
        false,
        true,
      ])
    })

    it('have tags of their own where the value names them', async () => {
      const north = cache.namespace('north')
      await north.getOrSet('pupils', () => 'school', '1h', { tags: (name) => [name] })
      await north.getOrSet('teachers', (context) => {
        context.setTags(['school'])
        return 1
      })
      await cache.invalidateTags('school')
      expect((await north.getMany(['pupils', 'teachers'])).size).to.equal(2)
      await north.invalidateTags('school')
      expect((await north.getMany(['pupils', 'teachers'])).size).to.equal(0)
    })

    it('are chosen by the instance that calls', async () => {
      class School {
        readonly cache: Cache
        constructor(readonly name: string) {
          this.cache = cache.namespace(name)
        }
        readonly pupils = cached(() => Promise.resolve(this.name), 'pupils', '1h', {
          cache: () => this.cache,
        })
      }
      expect(await new School('north').pupils()).to.equal('north')
      expect(await new School('south').pupils()).to.equal('south')
    })
  })
}

describe('A namespace', () => {
  const pool = new CachePool()

  it('rejects for a bad key, as the cache does', async () => {
    const part = pool.open().namespace('north')
    for (const key of ['', undefined]) {
      expect(await rejection(part.get(key as string))).to.be.instanceOf(InvalidKeyError)
      expect(await rejection(part.getOrSet(key as string, () => 1))).to.be.instanceOf(InvalidKeyError)
    }
  })

  for (const name of ['', ':', 'a:', ':a', 'a::b', 'a b', 'a{b}', 'holdfast', 'blacklist:x', undefined, 1]) {
    it(`of ${inspect(name)} is refused`, () => {
      expect(() => pool.open().namespace(name as string)).to.throw(
        InvalidOptionError,
        /^namespace: expected /,
      )
    })
  }
})
