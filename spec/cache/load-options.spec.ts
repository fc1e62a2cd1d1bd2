import { getEventListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import { expect } from 'chai'
import sinon from 'sinon'
import { LoaderTimeoutError } from 'holdfast'
import type { Cache, LoadContext, LoadOptions } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { eventually } from '../support/eventually'
import { RecordingLogger } from '../support/recording-logger'
import { RedisServer } from '../support/redis-server'
import { rejection } from '../support/rejection'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

/** Five seconds is how long a lease lasts that nobody prolongs. */
const LONGER_THAN_A_LEASE_MS = 6000

for (const store of ['memory', 'Redis'] as const) {
  describe(`What a call with a loader says, over ${store}`, () => {
    failOnUnhandledRejections()

    const pool = new CachePool()
    let server: RedisServer | undefined
    let cache: Cache

    before(async () => {
      if (store === 'Redis') server = await RedisServer.start()
    })

    beforeEach(async () => {
      await server?.command('FLUSHALL')
      cache = server === undefined ? pool.open({ jitter: 0 }) : await pool.connect(server, { jitter: 0 })
    })

    after(() => server?.close())

    describe('a ttl that is a function', () => {
      it('is asked for the value that was loaded', async () => {
        const ttl = sinon.fake((user: { lifeMs: number }) => user.lifeMs)
        await cache.getOrSet('short', () => ({ lifeMs: 20 }), ttl)
        await cache.getOrSet('long', () => ({ lifeMs: 60_000 }), ttl)
        expect(ttl.args).to.deep.equal([[{ lifeMs: 20 }], [{ lifeMs: 60_000 }]])
        await eventually(async () => !(await cache.has('short')))
        await eventually(() => cache.has('long'))
      })

      it('is asked by set, which refuses what it gives where that is none', async () => {
        expect(await cache.set('user', { lifeMs: 20 }, ({ lifeMs }) => lifeMs)).to.not.equal('none')
        await eventually(async () => !(await cache.has('user')))
        const error = await rejection(cache.set('user', 1, () => Number.NaN))
        expect(String(error)).to.match(/^InvalidOptionError: set: ttl\(value\): .*got NaN/)
      })

      it('that gives none, or throws, costs nobody the value, which is not stored', async () => {
        expect(
          await cache.getOrSet(
            'nan',
            () => 'made',
            () => Number.NaN,
          ),
        ).to.equal('made')
        const ttl = (): never => {
          throw new Error('unforeseen')
        }
        expect(await cache.getOrSet('thrown', () => 'made', ttl)).to.equal('made')
        expect([await cache.has('nan'), await cache.has('thrown')]).to.deep.equal([false, false])
        expect((await cache.getStats()).refused).to.equal(2)
      })
    })

    describe('tags that are a function', () => {
      it('are those of the value', async () => {
        await cache.getOrSet('user', () => ({ school: 7 }), '1h', {
          tags: ({ school }) => [`school:${String(school)}`],
        })
        await eventually(() => cache.has('user'))
        await cache.invalidateTags('school:8')
        expect(await cache.has('user')).to.equal(true)
        await cache.invalidateTags('school:7')
        expect(await cache.has('user')).to.equal(false)
      })

      it('are judged by when the load began: what was invalidated since is void', async () => {
        const load = new Load<string>()
        const early = cache.getOrSet('user', load.run, '1h', { tags: (name) => [name] })
        await load.begun
        await cache.invalidateTags('Ada')
        load.finish('Ada')
        expect(await early).to.equal('Ada')
        expect(await cache.getOrSet('user', () => 'Grace', '1h')).to.equal('Grace')
      })

      it('let nobody join after an invalidation of what may turn out to be one of them', async () => {
        const load = new Load<string>()
        const early = cache.getOrSet('user', load.run, '1h', { tags: (name) => [name] })
        await load.begun
        await cache.invalidateTags('Ada')
        const late = cache.getOrSet('user', () => 'Grace', '1h', { tags: (name) => [name] })
        load.finish('Ada')
        expect(await early).to.equal('Ada')
        expect(await late).to.equal('Grace')
      })

      it('let the next one wait, however long the load takes, and have its value where it is none of them', async () => {
        const load = new Load<string>()
        const anew = sinon.fake.returns('Grace')
        await cache.set('of the same tag', 1, '1h', { tags: ['Ada'] })
        const early = cache.getOrSet('user', load.run, '1h', { tags: (name) => [name] })
        await load.begun
        await cache.invalidateTags('another')
        const late = cache.getOrSet('user', anew, '1h', { tags: (name) => [name] })
        await delay(LONGER_THAN_A_LEASE_MS)
        load.finish('Ada')
        expect(await Promise.all([early, late])).to.deep.equal(['Ada', 'Ada'])
        expect(anew.callCount).to.equal(0)
      }).timeout(3 * LONGER_THAN_A_LEASE_MS)
    })

    describe('unless', () => {
      it('keeps a value from being stored, and nobody from getting it', async () => {
        const load = sinon.fake.resolves(null)
        const options = { unless: (value: unknown) => value === null }
        const answers = await Promise.all([1, 2].map(() => cache.getOrSet('user', load, '1h', options)))
        expect(answers).to.deep.equal([null, null])
        expect(load.callCount).to.equal(1)
        expect(await cache.has('user')).to.equal(false)
        expect(await cache.getOrSet('user', () => 'Ada', '1h', options)).to.equal('Ada')
        await eventually(() => cache.has('user'))
      })
    })

    describe('the context of a loader', () => {
      it('takes a ttl and tags in place of those of the call', async () => {
        const load = (context: LoadContext<string>): string => {
          context.setTtl('1m')
          context.setTags(['school'])
          return 'Ada'
        }
        await cache.getOrSet('user', load, 5, { tags: ['people'] })
        await delay(20)
        expect(await cache.get('user')).to.equal('Ada')
        await cache.invalidateTags('people')
        expect(await cache.get('user')).to.equal('Ada')
        await cache.invalidateTags('school')
        expect(await cache.get('user')).to.equal(undefined)
      })

      type Loader = (context: LoadContext<string>) => Promise<string>
      const forms: [form: string, of: (run: Loader) => Loader][] = [
        ['one parameter', (run) => (context) => run(context)],
        [
          'any number of them',
          (run) =>
            (...args) =>
              run(...args),
        ],
      ]
      for (const [form, of] of forms) {
        it(`keeps who comes after an invalidation from a load that names the tag late, by ${form}`, async () => {
          const load = new Load<string>()
          const early = cache.getOrSet(
            'user',
            of((context) => {
              context.setTags(['school'])
              return load.run(context)
            }),
          )
          await load.begun
          await cache.invalidateTags('school')
          const late = cache.getOrSet('user', () => 'Grace')
          await delay(20)
          load.finish('Ada')
          expect(await Promise.all([early, late])).to.deep.equal(['Ada', 'Grace'])
        })
      }

      it('keeps the value from being stored where it is to be skipped', async () => {
        const load = (context: LoadContext<string>): string => {
          context.skip()
          return 'Ada'
        }
        expect(await cache.getOrSet('user', load)).to.equal('Ada')
        expect(await cache.getOrSet('user', () => 'Grace')).to.equal('Grace')
      })

      it('refuses a bad ttl and bad tags, as the failure of the loader that gives them', async () => {
        const bad: [(context: LoadContext) => void, RegExp][] = [
          [
            (context) => {
              context.setTtl(-1)
            },
            /^InvalidOptionError: setTtl: .*got -1/,
          ],
          [
            (context) => {
              context.setTags([''])
            },
            /^InvalidOptionError: setTags: /,
          ],
        ]
        for (const [say, message] of bad) {
          const error = await rejection(
            cache.getOrSet('user', (context) => {
              say(context)
            }),
          )
          expect(String(error)).to.match(message)
        }
      })

      it('has no previous value where there was none', async () => {
        const load = sinon.fake((context: LoadContext<string>) => inspect(context.previous))
        expect(await cache.getOrSet('user', load)).to.equal('undefined')
      })
    })

    describe('loaderTimeout', () => {
      it('ends the waiting with an error where there is nothing, and not the load', async () => {
        const load = new Load<string>()
        const error = await rejection(cache.getOrSet('user', load.run, '1h', { loaderTimeout: 20 }))
        expect(error).to.be.instanceOf(LoaderTimeoutError).and.have.property('code', 'loader_timeout')
        expect(String(error)).to.include('20 ms')
        await load.begun
        load.finish('Ada')
        await eventually(async () => (await cache.get('user')) === 'Ada')
        expect(load.count).to.equal(1)
      })

      it('is of each call by itself', async () => {
        const load = new Load<string>()
        const patient = cache.getOrSet('user', load.run)
        await rejection(cache.getOrSet('user', load.run, '1h', { loaderTimeout: 10 }))
        await load.begun
        load.finish('Ada')
        expect(await patient).to.equal('Ada')
      })

      it('is of no concern to a loader that is quick, nor to what is there', async () => {
        expect(await cache.getOrSet('user', () => 'Ada', '1h', { loaderTimeout: '5s' })).to.equal('Ada')
        expect(await cache.getOrSet('user', () => 'Grace', '1h', { loaderTimeout: '5s' })).to.equal('Ada')
      })

      it('brings a failure of the loader as it is', async () => {
        const failure = new Error('away')
        const options = { loaderTimeout: '5s' }
        expect(await rejection(cache.getOrSet('user', sinon.fake.rejects(failure), '1h', options))).to.equal(
          failure,
        )
      })
    })

    describe('signal', () => {
      it('ends the waiting of its own call, with its reason, and nobody else’s', async () => {
        const load = new Load<string>()
        const controller = new AbortController()
        const given = cache.getOrSet('user', load.run, '1h', { signal: controller.signal })
        const other = cache.getOrSet('user', load.run)
        await load.begun
        const reason = new Error('the client is gone')
        controller.abort(reason)
        expect(await rejection(given)).to.equal(reason)
        load.finish('Ada')
        expect(await other).to.equal('Ada')
        expect(load.contexts[0]?.signal.aborted).to.equal(false)
      })

      it('tells the loader when all who waited are gone, and the next call loads anew', async () => {
        const load = new Load<string>()
        const controllers = [new AbortController(), new AbortController()]
        const calls = controllers.map(({ signal }) => cache.getOrSet('user', load.run, '1h', { signal }))
        await load.begun
        const signal = load.contexts[0]?.signal
        controllers[0]?.abort()
        expect(signal?.aborted).to.equal(false)
        controllers[1]?.abort()
        expect(signal?.aborted).to.equal(true)
        await Promise.all(calls.map(rejection))
        const next = cache.getOrSet('user', () => 'Grace')
        load.fail(new Error('aborted'))
        expect(await next).to.equal('Grace')
      })

      it('tells a loader that has not even begun', async () => {
        const controller = new AbortController()
        let isAborted: boolean | undefined
        const load = sinon.fake(({ signal }: LoadContext<number>) => {
          isAborted = signal.aborted
          return 1
        })
        const given = cache.getOrSet('user', load, '1h', { signal: controller.signal })
        controller.abort()
        await rejection(given)
        await eventually(() => load.called)
        expect(isAborted).to.equal(true)
      })

      it('frees the key of a loader that never ends', async () => {
        const controller = new AbortController()
        const load = new Load<string>()
        const given = cache.getOrSet('user', load.run, '1h', { signal: controller.signal })
        await load.begun
        controller.abort()
        await rejection(given)
        expect(await cache.getOrSet('user', () => 'Grace')).to.equal('Grace')
      })

      it('may be that of many calls', async () => {
        const warned = sinon.spy()
        process.on('warning', warned)
        const controller = new AbortController()
        const load = new Load<string>()
        const { signal } = controller
        const calls = Array.from({ length: 50 }, (_, index) =>
          cache.getOrSet(`user:${String(index)}`, load.run, '1h', { signal }),
        )
        await load.begun
        expect(getEventListeners(signal, 'abort')).to.have.length(1)
        controller.abort(new Error('gone'))
        for (const call of calls) expect(await rejection(call)).to.equal(signal.reason)
        await new Promise(setImmediate)
        process.off('warning', warned)
        expect(warned.args).to.deep.equal([])
        expect(getEventListeners(signal, 'abort')).to.have.length(0)
      })

      it('that is over already is no call at all', async () => {
        const load = sinon.fake.resolves('Ada')
        const reason = new Error('gone')
        expect(
          await rejection(cache.getOrSet('user', load, '1h', { signal: AbortSignal.abort(reason) })),
        ).to.equal(reason)
        expect(load.called).to.equal(false)
      })
    })
  })
}

describe('The options of a call with a loader', () => {
  const pool = new CachePool()

  const refused: [option: string, options: object][] = [
    ['unless', { unless: true }],
    ['loaderTimeout', { loaderTimeout: 0 }],
    ['loaderTimeout', { loaderTimeout: 'soon' }],
    ['signal', { signal: {} }],
    ['grace', { grace: -1 }],
    ['tags', { tags: [''] }],
  ]
  for (const [option, options] of refused) {
    it(`are refused where ${inspect(options)} is among them`, async () => {
      const load = sinon.fake.resolves(1)
      const error = await rejection(pool.open().getOrSet('key', load, '1h', options))
      expect(String(error)).to.match(new RegExp(`^InvalidOptionError: getOrSet: ${option}`))
      expect(load.called).to.equal(false)
    })
  }

  it('refuse what unless gives that is neither true nor false: nothing is stored, and it is counted', async () => {
    const cache = pool.open()
    const options = { unless: () => 1 as unknown as boolean }
    expect(await cache.getOrSet('key', () => 'Ada', '1h', options)).to.equal('Ada')
    expect(await cache.has('key')).to.equal(false)
    expect((await cache.getStats()).refused).to.equal(1)
  })

  for (const [option, options] of [
    ['unless', { unless: () => Promise.reject(new Error('late')) }],
    ['tags', { tags: () => Promise.reject(new Error('late')) }],
  ] as const) {
    it(`refuse a promise that ${option} gives, which nobody is told of when it rejects`, async () => {
      const cache = pool.open()
      expect(await cache.getOrSet('key', () => 1, '1h', options as unknown as LoadOptions<number>)).to.equal(
        1,
      )
      expect((await cache.getStats()).refused).to.equal(1)
      await new Promise(setImmediate)
    })
  }

  it('say once for keys of a kind that a value was not stored for what they throw', async () => {
    const logger = new RecordingLogger()
    const cache = pool.open({ logger })
    const unless = (): never => {
      throw new Error('unforeseen')
    }
    for (const key of ['user:1', 'user:2']) await cache.getOrSet(key, () => 1, '1h', { unless })
    expect(logger.messages('warn')).to.deep.equal(['Redis not configured', 'Cache value not stored'])
  })
})

/** A loader that runs until it is told to end. */
class Load<Value> {
  count = 0
  readonly contexts: LoadContext<Value>[] = []
  finish: (value: Value) => void = () => undefined
  fail: (error: Error) => void = () => undefined
  #begin: () => void = () => undefined
  readonly begun = new Promise<void>((resolve) => (this.#begin = resolve))
  readonly run = (context: LoadContext<Value>): Promise<Value> => {
    this.count += 1
    this.contexts.push(context)
    this.#begin()
    return new Promise((resolve, reject) => {
      this.finish = resolve
      this.fail = reject
    })
  }
}
