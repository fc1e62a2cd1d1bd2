import { expect } from 'chai'
import sinon from 'sinon'
import type { Cache, Stored } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { RedisServer } from '../support/redis-server'
import { rejection } from '../support/rejection'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

for (const store of ['memory', 'Redis'] as const) {
  describe(`Flights over ${store}`, () => {
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

    it('run one load for a thousand callers at once', async () => {
      const load = sinon.fake.resolves({ name: 'Ada' })
      const answers = await Promise.all(Array.from({ length: 1000 }, () => cache.getOrSet('user', load)))
      expect(load.callCount).to.equal(1)
      expect(answers).to.have.length(1000)
      for (const answer of answers) expect(answer).to.deep.equal({ name: 'Ada' })
    })

    it('give each caller a copy of its own, where nothing is kept in process', async () => {
      cache = server ? await pool.connect(server, { nearCache: false }) : pool.open({ nearCache: false })
      const load = () => Promise.resolve({ marks: [1] })
      const answers = await Promise.all(Array.from({ length: 50 }, () => cache.getOrSet('user', load)))
      expect(new Set(answers).size).to.equal(50)
      for (const answer of answers) answer.marks.push(2)
      for (const answer of answers) expect(answer.marks).to.deep.equal([1, 2])
      expect(await cache.get('user')).to.deep.equal({ marks: [1] })
    })

    it('give all callers the same value, which nobody can change', async () => {
      const load = () => Promise.resolve({ marks: [1] })
      const answers = await Promise.all(Array.from({ length: 50 }, () => cache.getOrSet('user', load)))
      expect(new Set(answers).size).to.equal(1)
      for (const answer of answers) expect(() => answer.marks.push(2)).to.throw(TypeError)
      expect(await cache.get('user')).to.deep.equal({ marks: [1] })
    })

    it('give those who wait for a buffer a copy of their own', async () => {
      const load = () => Promise.resolve(Buffer.from('abc'))
      const taken = [cache.getOrSet('bytes', load), cache.getOrSet('bytes', load)].map(async (answer) => {
        const bytes = await answer
        const text = bytes.toString()
        bytes.fill('x')
        return text
      })
      expect(await Promise.all(taken)).to.deep.equal(['abc', 'abc'])
      expect(await cache.get('bytes')).to.deep.equal(Buffer.from('abc'))
    })

    it('give those who wait a value that cannot be written', async () => {
      const count = (): number => 1
      const load = sinon.fake.resolves(count)
      const answers = await Promise.all([cache.getOrSet('count', load), cache.getOrSet('count', load)])
      expect(answers).to.deep.equal([count, count])
      expect(load.callCount).to.equal(1)
      expect(await cache.has('count')).to.equal(false)
    })

    it('are one for each key', async () => {
      const load = sinon.fake((name: string) => Promise.resolve(name))
      const answers = await Promise.all(['a', 'b', 'a'].map((name) => cache.getOrSet(name, () => load(name))))
      expect(answers).to.deep.equal(['a', 'b', 'a'])
      expect(load.callCount).to.equal(2)
    })

    it('bring the same error to all who waited', async () => {
      const failure = new Error('The database is away')
      const load = sinon.fake.rejects(failure)
      const errors = await Promise.all(
        Array.from({ length: 100 }, () => rejection(cache.getOrSet('user', load))),
      )
      expect(load.callCount).to.equal(1)
      expect(new Set(errors)).to.deep.equal(new Set([failure]))
      expect(errors[99]).to.equal(failure)
    })

    it('forget an error: the next call tries again', async () => {
      const load = sinon.stub<[], Promise<string>>()
      load.onFirstCall().rejects(new Error('once')).onSecondCall().resolves('value')
      await rejection(cache.getOrSet('user', load))
      expect(await cache.getOrSet('user', load)).to.equal('value')
      expect(await cache.getOrSet('user', load)).to.equal('value')
      expect(load.callCount).to.equal(2)
    })

    it('reject with what a loader throws before it returns a promise', async () => {
      const failure = new Error('thrown at once')
      const load = sinon.fake.throws(failure)
      const errors = await Promise.all([1, 2].map(() => rejection(cache.getOrSet('user', load))))
      expect(errors).to.deep.equal([failure, failure])
      expect(await cache.getOrSet('user', () => 'value')).to.equal('value')
    })

    it('reject with what is no error, too', async () => {
      const load = sinon.stub<[], Promise<string>>().callsFake(() => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error
        throw 'a string'
      })
      expect(await rejection(cache.getOrSet('user', load))).to.equal('a string')
    })

    it('take a loader that returns no promise', async () => {
      expect(await cache.getOrSet('colour', () => 'green')).to.equal('green')
      expect(await cache.get('colour')).to.equal('green')
    })

    it('end by themselves: what was loaded is found without a load', async () => {
      const load = sinon.fake.resolves('value')
      await cache.getOrSet('user', load)
      expect(await cache.getOrSet('user', load)).to.equal('value')
      expect(load.callCount).to.equal(1)
    })

    it('let a loader ask for another key, and for its own after a delete', async () => {
      const total = await cache.getOrSet('total', async () => {
        const part = await cache.getOrSet('part', () => 2)
        await cache.delete('total')
        return part + (await cache.getOrSet('total', () => 40))
      })
      expect(total).to.equal(42)
      expect(await cache.get('total')).to.equal(40)
    })

    const changes: [name: string, change: () => Promise<Stored>][] = [
      ['a delete', () => cache.delete('user')],
      ['an invalidation of its tag', () => cache.invalidateTags('people', 'school')],
      ['a clear', () => cache.clear()],
    ]
    for (const [name, change] of changes) {
      it(`do not store what was overtaken by ${name}, and are not joined after it`, async () => {
        const load = new Load()
        const early = cache.getOrSet('user', load.run, '1h', { tags: ['school'] })
        await load.begun
        await change()
        const late = cache.getOrSet('user', () => 'new', '1h', { tags: ['school'] })
        expect(await late).to.equal('new')
        load.finish('old')
        expect(await early).to.equal('old')
        expect(await cache.get('user')).to.equal('new')
      })

      it(`leave nothing when ${name} is the last word`, async () => {
        const load = new Load()
        const early = cache.getOrSet('user', load.run, '1h', { tags: ['school'] })
        await load.begun
        const changed = change()
        load.finish('old')
        expect(await early).to.equal('old')
        await changed
        expect(await cache.get('user')).to.equal(undefined)
      })

      it(`keep a set that comes after ${name} that nobody waited for`, async () => {
        await Promise.all([change(), cache.set('user', 'new', '1h', { tags: ['school'] })])
        expect(await cache.get('user')).to.equal('new')
      })
    }

    it('take away only themselves when they end after they were overtaken', async () => {
      const [first, second] = [new Load(), new Load()]
      const early = cache.getOrSet('user', first.run)
      await first.begun
      await cache.delete('user')
      const late = cache.getOrSet('user', second.run)
      await second.begun
      first.finish('old')
      expect(await early).to.equal('old')
      const joined = cache.getOrSet('user', () => 'of its own')
      second.finish('new')
      expect(await Promise.all([late, joined])).to.deep.equal(['new', 'new'])
    })

    it('do not store what was overtaken by a set', async () => {
      const load = new Load()
      const early = cache.getOrSet('user', load.run)
      await load.begun
      await cache.set('user', 'new')
      load.finish('old')
      expect(await early).to.equal('old')
      expect(await cache.get('user')).to.equal('new')
    })

    it('go on undisturbed by changes of other keys and tags', async () => {
      const load = new Load()
      const early = cache.getOrSet('user', load.run, '1h', { tags: ['school'] })
      await load.begun
      await Promise.all([cache.delete('other'), cache.set('another', 1), cache.invalidateTags('elsewhere')])
      const joined = cache.getOrSet('user', () => 'of its own', '1h', { tags: ['school'] })
      load.finish('value')
      expect(await Promise.all([early, joined])).to.deep.equal(['value', 'value'])
    })

    it('let a get that is not part of them miss while they load', async () => {
      const load = new Load()
      const early = cache.getOrSet('user', load.run)
      await load.begun
      expect(await cache.get('user')).to.equal(undefined)
      load.finish('value')
      await early
    })

    it('are joined when a set is under way: its value is the answer', async () => {
      const load = sinon.fake.resolves('loaded')
      const stored = cache.set('user', { name: 'Ada' })
      const answers = await Promise.all([cache.getOrSet('user', load), cache.getOrSet('user', load)])
      expect(answers).to.deep.equal([{ name: 'Ada' }, { name: 'Ada' }])
      expect(answers[0]).not.to.equal(answers[1])
      expect(load.callCount).to.equal(0)
      expect(await stored).to.equal(store === 'Redis' ? 'redis' : 'memory')
    })

    it('keep the last of several sets that nobody waited for', async () => {
      await Promise.all([1, 2, 3].map((value) => cache.set('user', value)))
      expect(await cache.get('user')).to.equal(3)
    })

    it('leave nothing of a set that is deleted before it is done', async () => {
      const [, deleted] = await Promise.all([cache.set('user', 'Ada'), cache.delete('user')])
      expect(deleted).to.equal(store === 'Redis' ? 'redis' : 'memory')
      expect(await cache.get('user')).to.equal(undefined)
    })

    it('leave nothing of a set whose tag is invalidated, or all of which is cleared, before it is done', async () => {
      await Promise.all([
        cache.set('user', 'Ada', '1h', { tags: ['school'] }),
        cache.invalidateTags('school'),
      ])
      expect(await cache.get('user')).to.equal(undefined)
      await Promise.all([cache.set('user', 'Ada'), cache.clear()])
      expect(await cache.get('user')).to.equal(undefined)
    })
  })
}

/** A load that ends when the test says so. */
class Load {
  readonly begun: Promise<void>
  finish: (value: string) => void = () => undefined
  readonly run: () => Promise<string>

  constructor() {
    const finished = new Promise<string>((resolve) => {
      this.finish = resolve
    })
    let begin: () => void = () => undefined
    this.begun = new Promise((resolve) => {
      begin = resolve
    })
    this.run = () => {
      begin()
      return finished
    }
  }
}
