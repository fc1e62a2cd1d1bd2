import { inspect } from 'node:util'
import { expect } from 'chai'
import sinon from 'sinon'
import { createCache, InvalidKeyError, InvalidOptionError } from 'holdfast'
import type { Cache, CacheClient, ClientEvents, Duration, EntryOptions, Serializer, Stored } from 'holdfast'
import { faultyClient } from 'holdfast/testing'
import { RedisClient } from '../../lib/client/redis-client'
import { CachePool } from '../support/cache-pool'
import { eventually } from '../support/eventually'
import { ManualClock } from '../support/manual-clock'
import { RecordingLogger } from '../support/recording-logger'
import { RedisServer } from '../support/redis-server'
import { rejection } from '../support/rejection'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

describe('Cache', () => {
  failOnUnhandledRejections()

  const pool = new CachePool()
  let server: RedisServer

  before(async () => {
    server = await RedisServer.start()
  })

  beforeEach(() => server.command('FLUSHALL'))

  after(() => server.close())

  it('gives back what was set, until it is deleted', async () => {
    const cache = pool.open()
    expect(await cache.get('user')).to.equal(undefined)
    expect(await cache.set('user', { name: 'Ada' })).to.equal('memory')
    expect(await cache.get('user')).to.deep.equal({ name: 'Ada' })
    expect(await cache.delete('user')).to.equal('memory')
    expect(await cache.get('user')).to.equal(undefined)
  })

  it('says that a write stands in Redis once Redis has it', async () => {
    const cache = await pool.connect(server)
    expect(await cache.set('user', 'Ada')).to.equal('redis')
    expect(await server.command('EXISTS', 'user')).to.equal('1')
    expect(await cache.invalidateTags('school')).to.equal('redis')
    expect(await cache.delete('user')).to.equal('redis')
    expect(await server.command('EXISTS', 'user')).to.equal('0')
    expect(await cache.clear()).to.equal('redis')
  })

  it('shares its values with every other instance on the same Redis', async () => {
    const [one, other] = await Promise.all([pool.connect(server), pool.connect(server)])
    await one.set('user', 'Ada')
    expect(await other.get('user')).to.equal('Ada')
    expect(await other.getOrSet('user', () => 'loaded')).to.equal('Ada')
    await other.delete('user')
    expect(await one.has('user')).to.equal(false)
  })

  it('tells a cached undefined from a miss by has', async () => {
    const cache = pool.open()
    await cache.set('nothing', undefined)
    expect(await cache.has('nothing')).to.equal(true)
    expect(await cache.get('nothing')).to.equal(undefined)
    expect(await cache.has('other')).to.equal(false)
  })

  for (const value of [undefined, null, 0, '', false]) {
    it(`does not load again what it was loaded as ${inspect(value)}`, async () => {
      const cache = pool.open()
      const load = sinon.fake.resolves(value)
      expect(await cache.getOrSet('user', load)).to.equal(value)
      expect(await cache.getOrSet('user', load)).to.equal(value)
      expect(load.callCount).to.equal(1)
    })
  }

  it('takes a value as it was at the call, whatever becomes of it', async () => {
    const cache = pool.open()
    const user = { name: 'Ada' }
    const stored = cache.set('user', user)
    user.name = 'Grace'
    await stored
    expect(await cache.get('user')).to.deep.equal({ name: 'Ada' })
  })

  it('takes a buffer as it was at the call, whatever becomes of it', async () => {
    const cache = pool.open()
    const bytes = Buffer.from('abc')
    const stored = cache.set('bytes', bytes)
    bytes.fill('x')
    await stored
    expect(await cache.get('bytes')).to.deep.equal(Buffer.from('abc'))
  })

  it('puts nothing in the place of a value that cannot be written, and says so once for keys of a kind', async () => {
    const logger = new RecordingLogger()
    const cache = pool.open({ logger, maxValueBytes: 1000 })
    await cache.set('count:1', 1)
    expect(await cache.set('count:1', () => 1)).to.equal('none')
    expect(await cache.set('count:2', Symbol('a'))).to.equal('none')
    expect(await cache.has('count:1')).to.equal(false)
    expect(await cache.set('7', 'x'.repeat(1000))).to.equal('none')
    expect(await cache.set('list', ['x'.repeat(996)])).to.equal('memory')
    const lines = logger.lines.filter(({ message }) => message === 'Cache value not stored')
    expect(lines.map(({ details }) => details)).to.deep.equal([
      { keys: 'count:*', cause: 'a function cannot be written' },
      { keys: '*', cause: 'the value takes 1002 bytes, more than maxValueBytes' },
    ])
  })

  it('says nothing more when it has said it of a hundred kinds', async () => {
    const logger = new RecordingLogger()
    const cache = pool.open({ logger })
    const name = (index: number): string =>
      String.fromCharCode(97 + (index % 26), 97 + Math.floor(index / 26))
    for (let index = 0; index < 200; index += 1) await cache.set(name(index), () => 1)
    expect(logger.lines.filter(({ message }) => message === 'Cache value not stored')).to.have.length(100)
    expect((await cache.getStats()).refused).to.equal(200)
  })

  it('gives a loaded value to its caller although it cannot be written', async () => {
    const cache = pool.open()
    const load = (): number => 1
    expect(await cache.getOrSet('load', () => load)).to.equal(load)
    expect(await cache.has('load')).to.equal(false)
  })

  it('gives the first caller a copy, too', async () => {
    const cache = pool.open()
    const loaded = { name: 'Ada', seen: new Date(0) }
    const first = await cache.getOrSet('user', () => loaded)
    expect(first).to.deep.equal(loaded)
    expect(first).to.not.equal(loaded)
    loaded.seen.setTime(1)
    first.name = 'Grace'
    expect(await cache.get('user')).to.deep.equal({ name: 'Ada', seen: new Date(0) })
  })

  it('shows nothing of a value that cannot be written', async () => {
    const logger = new RecordingLogger()
    const cache = pool.open({ logger })
    const secret = {
      password: 'hunter2',
      toJSON: () => {
        throw new Error('no JSON {"password":"hunter2"}')
      },
    }
    expect(await cache.set('secret', secret)).to.equal('none')
    const getter = {
      get password(): string {
        throw new Error('hunter2')
      },
    }
    expect(await cache.set('getter', getter)).to.equal('none')
    expect(JSON.stringify(logger.lines)).to.include('cannot be written').and.not.include('hunter2')
  })

  describe('serializer', () => {
    const reversed = (text: Buffer): Buffer => Buffer.from(text).reverse()
    const backwards: Serializer = {
      name: 'backwards',
      serialize: (value) => reversed(Buffer.from(JSON.stringify(value))),
      deserialize: (bytes) => JSON.parse(reversed(bytes).toString()) as unknown,
    }

    it('writes and reads every value', async () => {
      const cache = await pool.connect(server, { serializer: backwards })
      await cache.set('user', { name: 'Ada' })
      expect(await server.command('GET', 'user')).to.match(/^holdfast1 backwards .*\n\}"adA":"eman"\{$/)
      expect(await cache.get('user')).to.deep.equal({ name: 'Ada' })
    })

    it('finds nothing of what another one wrote', async () => {
      const [plain, own] = await Promise.all([
        pool.connect(server),
        pool.connect(server, { serializer: backwards }),
      ])
      await plain.set('json', 1)
      await own.set('own', 1)
      expect([await own.get('json'), await own.has('json')]).to.deep.equal([undefined, false])
      expect([await plain.get('own'), await plain.has('own')]).to.deep.equal([undefined, false])
      expect(await plain.getOrSet('own', () => 2)).to.equal(2)
    })

    it('that fails costs the value, and no call', async () => {
      const fail = () => {
        throw new Error('out of order')
      }
      const cache = pool.open({ serializer: { name: 'broken', serialize: fail, deserialize: fail } })
      expect(await cache.set('user', 'Ada')).to.equal('none')
      expect(await cache.getOrSet('user', () => 'Ada')).to.equal('Ada')
      const half = pool.open({ serializer: { ...backwards, deserialize: fail } })
      expect(await half.set('user', 'Ada')).to.equal('memory')
      expect(await half.get('user')).to.equal(undefined)
      expect(await half.getOrSet('user', () => 'Ada')).to.equal('Ada')
    })

    it('that gives no buffer is refused its values', async () => {
      const text = { ...backwards, serialize: () => 'text' as unknown as Buffer }
      expect(await pool.open({ serializer: text }).set('user', 'Ada')).to.equal('none')
    })
  })

  describe('ttl', () => {
    const forms: [ttl: Duration | undefined, lifeMs: number][] = [
      [1500, 1500],
      ['5m', 5 * MINUTE_MS],
      ['2 hours', 2 * HOUR_MS],
      ['250', 250],
      [0.5, 1],
      [undefined, HOUR_MS],
    ]
    for (const [ttl, lifeMs] of forms) {
      it(`${inspect(ttl)} is ${String(lifeMs)} ms, by set and by getOrSet`, async () => {
        const clock = new ManualClock()
        const cache = pool.open({ clock, jitter: 0 })
        await cache.set('set', 1, ttl)
        await cache.getOrSet('loaded', () => 1, ttl)
        clock.advance(lifeMs - 0.5)
        expect(await Promise.all([cache.has('set'), cache.has('loaded')])).to.deep.equal([true, true])
        clock.advance(1)
        expect(await Promise.all([cache.has('set'), cache.has('loaded')])).to.deep.equal([false, false])
      })
    }

    it("is the cache's own where the call says none", async () => {
      const clock = new ManualClock()
      const cache = pool.open({ clock, ttl: '5m' })
      await cache.set('user', 'Ada')
      await cache.set('role', 'admin', '10m')
      clock.advance(5 * MINUTE_MS + 1)
      expect(await cache.get('user')).to.equal(undefined)
      expect(await cache.get('role')).to.equal('admin')
    })

    it('is the one Redis is given', async () => {
      const cache = await pool.connect(server)
      await cache.set('user', 'Ada', '5m')
      expect(Number(await server.command('PTTL', 'user'))).to.be.within(4.5 * MINUTE_MS, 5 * MINUTE_MS)
      await cache.set('role', 'admin')
      expect(Number(await server.command('PTTL', 'role'))).to.be.within(0.9 * HOUR_MS, HOUR_MS)
    })

    it('lets a value expire in Redis', async () => {
      const cache = await pool.connect(server)
      await cache.set('user', 'Ada', 50)
      await eventually(async () => !(await cache.has('user')))
    })

    it('goes on as before when the time of day is put right', async () => {
      const clock = new ManualClock()
      const cache = pool.open({ clock })
      await cache.set('user', 'Ada', '5m')
      clock.step(HOUR_MS)
      expect(await cache.get('user')).to.equal('Ada')
      clock.step(-2 * HOUR_MS)
      clock.advance(5 * MINUTE_MS + 1)
      expect(await cache.get('user')).to.equal(undefined)
    })

    it('is that of a value that was set before 1970, by a clock of its own', async () => {
      const clock = new ManualClock(-HOUR_MS)
      const cache = pool.open({ clock })
      await cache.set('user', 'Ada', '5m')
      expect(await cache.get('user')).to.equal('Ada')
      clock.advance(5 * MINUTE_MS + 1)
      expect(await cache.get('user')).to.equal(undefined)
    })

    it('begins anew with each set', async () => {
      const clock = new ManualClock()
      const cache = pool.open({ clock })
      await cache.set('user', 'Ada', 100)
      clock.advance(90)
      await cache.set('user', 'Ada', 100)
      clock.advance(90)
      expect(await cache.get('user')).to.equal('Ada')
    })

    const refused: [ttl: unknown, got: string][] = [
      [Number.NaN, 'got NaN'],
      [0, 'got 0'],
      [-1, 'got -1'],
      [Number.POSITIVE_INFINITY, 'got Infinity'],
      ['abc', "got 'abc'"],
      ['', "got ''"],
      ['-5m', "got '-5m'"],
      ['101y', "got '101y'"],
      [null, 'got null'],
    ]
    for (const [ttl, got] of refused) {
      it(`${inspect(ttl)} is refused at the call and at construction`, async () => {
        const cache = pool.open()
        const load = sinon.fake.resolves(1)
        const calls = {
          'set: ttl': () => cache.set('user', 1, ttl as Duration),
          'getOrSet: ttl': () => cache.getOrSet('user', load, ttl as Duration),
        }
        for (const [option, call] of Object.entries(calls)) {
          const error = await rejection(call())
          expect(error).to.be.instanceOf(InvalidOptionError).and.include({ code: 'invalid_option', option })
          expect((error as Error).message)
            .to.match(
              new RegExp(`^${option}: expected a positive number of milliseconds or a string like '5m'`),
            )
            .and.include(got)
        }
        expect(load.callCount).to.equal(0)
        expect(await cache.has('user')).to.equal(false)
        if (ttl === null) return
        expect(() => createCache({ redis: false, logger: false, ttl: ttl as Duration }))
          .to.throw(InvalidOptionError, got)
          .with.property('option', 'createCache: ttl')
      })
    }
  })

  describe('keys', () => {
    const names = [
      'a',
      'user:42',
      'holdfast:mine',
      'holdfast:{ns=}:counter',
      'holdfast:key:mine',
      'blacklist:mine',
      '{tag}:a',
      'with blanks\r\nand lines',
      'λ:鍵:🗝️',
      ' ',
      '*',
      'x'.repeat(100_000),
      'x'.repeat(99_999) + 'y',
      'x'.repeat(512),
      'x'.repeat(513),
      // A cut in the middle of a character.
      'x'.repeat(511) + '🗝️'.repeat(9),
      'x'.repeat(511) + '🗝️'.repeat(8) + '🔑',
      '__proto__',
    ]
    for (const store of ['memory', 'Redis'] as const) {
      it(`are any strings over ${store}, and no two of them are the same`, async () => {
        const cache = store === 'memory' ? pool.open() : await pool.connect(server)
        await Promise.all(names.map((name) => cache.set(name, name)))
        expect(await Promise.all(names.map((name) => cache.get(name)))).to.deep.equal(names)
        await cache.delete('holdfast:mine')
        expect(await cache.has('holdfast:mine')).to.equal(false)
        expect(await cache.get('holdfast:key:mine')).to.equal('holdfast:key:mine')
      })
    }

    it('that are long stand in Redis as what they begin with and a hash, and are told of like any', async () => {
      const [cache, other] = await Promise.all([pool.connect(server), pool.connect(server)])
      for (const name of ['long'.repeat(10_000), 'x'.repeat(511) + '🗝️'.repeat(9)]) {
        await cache.set(name, 'old')
        for (let reading = 0; reading < 3; reading += 1) expect(await other.get(name)).to.equal('old')
        await cache.set(name, 'new')
        await eventually(async () => (await other.get(name)) === 'new')
        await other.delete(name)
        await eventually(async () => !(await cache.has(name)))
      }
      await cache.set('long'.repeat(10_000), 1)
      const keys = (await server.command('KEYS', 'long*')).split('\n')
      expect(keys.map((key) => key.length)).to.deep.equal([512 + 1 + 43])
      // A key that reads like one that was shortened is another.
      expect(await cache.has(keys[0] ?? '')).to.equal(false)
    })

    it('may be very many for one call, also where the connection has only just been made', async () => {
      const names = Array.from({ length: 3000 }, (_, index) => `many:${String(index)}`)
      const writer = await pool.connect(server)
      expect(await writer.setMany(names.map((name) => [name, 1]))).to.equal('redis')
      const cache = await pool.connect(server)
      expect((await cache.getMany(names)).size).to.equal(3000)
      expect(await cache.deleteMany(names)).to.equal('redis')
      expect((await writer.getMany(names)).size).to.equal(0)
    })

    const refused: [key: unknown, got: string][] = [
      ['', "got ''"],
      [undefined, 'got undefined'],
      [null, 'got null'],
      [42, 'got 42'],
      [{ id: 1 }, 'got an object (Object)'],
      [['a'], 'got an array'],
    ]
    for (const [key, got] of refused) {
      it(`${inspect(key)} is refused by every method`, async () => {
        const cache = pool.open()
        const name = key as string
        const calls = [
          cache.get(name),
          cache.has(name),
          cache.set(name, 1),
          cache.delete(name),
          cache.getOrSet(name, () => 1),
        ]
        for (const error of await Promise.all(calls.map(rejection))) {
          expect(error).to.be.instanceOf(InvalidKeyError).and.have.property('code', 'invalid_key')
          expect((error as Error).message).to.equal(`key: expected a string that is not empty, ${got}`)
        }
      })
    }
  })

  describe('options of a call', () => {
    it('are refused when nobody knows them, naming the nearest that somebody does', async () => {
      const cache = pool.open()
      const options = { tgas: ['school'] } as EntryOptions
      const errors = await Promise.all([
        rejection(cache.set('user', 1, '1h', options)),
        rejection(cache.getOrSet('user', () => 1, '1h', options)),
      ])
      expect(errors.map(String)).to.deep.equal([
        "InvalidOptionError: set: tgas: unknown option; did you mean 'tags'? Known are tags, grace",
        "InvalidOptionError: getOrSet: tgas: unknown option; did you mean 'tags'? Known are tags, grace, unless, loaderTimeout, signal",
      ])
    })

    for (const options of ['school', ['school'], null, 5]) {
      it(`are an object, not ${inspect(options)}`, async () => {
        const error = await rejection(pool.open().set('user', 1, '1h', options as EntryOptions))
        expect(error).to.be.instanceOf(InvalidOptionError).and.have.property('option', 'set')
      })
    }

    for (const tags of ['school', 5, null, { school: true }]) {
      it(`have an array of tags, not ${inspect(tags)}`, async () => {
        const options = { tags } as unknown as EntryOptions
        const error = await rejection(pool.open().set('user', 1, '1h', options))
        expect(error).to.be.instanceOf(InvalidOptionError).and.have.property('option', 'set: tags')
      })
    }

    for (const tag of ['', 5, undefined]) {
      it(`have tags that are strings, not ${inspect(tag)}`, async () => {
        const options = { tags: ['school', tag] } as EntryOptions
        const error = await rejection(pool.open().set('user', 1, '1h', options))
        expect(error)
          .to.be.instanceOf(InvalidOptionError)
          .and.match(/set: tags: expected an array of strings that are not empty/)
      })
    }
  })

  describe('close', () => {
    it('lets a value that has been loaded arrive, with the stamps it depends on', async () => {
      const [cache, other] = await Promise.all([pool.connect(server), pool.connect(server)])
      const load = async () => {
        await server.command('SCRIPT', 'FLUSH')
        return 'Ada'
      }
      await cache.set('other', 'so that there is a counter')
      await cache.getOrSet('user', load, '1h', { tags: ['school'] })
      await cache.close()
      expect(await other.get('user')).to.equal('Ada')
    })

    it('lets a value that is being set arrive', async () => {
      const cache = await pool.connect(server)
      const stored = cache.set('user', 'Ada')
      await cache.close()
      expect(await stored).to.equal('redis')
      expect(await server.command('EXISTS', 'user')).to.equal('1')
    })

    for (const [what, change] of [
      ['a delete', (cache: Cache) => cache.delete('user')],
      ['an invalidation', (cache: Cache) => cache.invalidateTags('school')],
      ['a clear', (cache: Cache) => cache.clear()],
    ] as const) {
      it(`counts ${what} that was under way and did not arrive`, async () => {
        const redis = faultyClient()
        const cache = pool.open({ client: redis })
        await eventually(() => cache.isConnected)
        redis.hang()
        const stored = change(cache)
        expect(await cache.close()).to.deep.equal({ notCarriedOver: 1 })
        expect(await stored).to.equal('memory')
      })
    }

    it('lets a delete arrive', async () => {
      const cache = await pool.connect(server)
      await cache.set('user', 'Ada')
      const deleted = cache.delete('user')
      await cache.close()
      expect(await deleted).to.equal('redis')
      expect(await server.command('EXISTS', 'user')).to.equal('0')
    })

    it('lets an invalidation arrive, also the first one that this Redis has seen', async () => {
      const [cache, other] = await Promise.all([pool.connect(server), pool.connect(server)])
      await other.set('user', 'Ada', '1h', { tags: ['school'] })
      await server.command('SCRIPT', 'FLUSH')
      const invalidated = cache.invalidateTags('school')
      await cache.close()
      expect(await invalidated).to.equal('redis')
      expect(await other.has('user')).to.equal(false)
    })

    for (const store of ['memory', 'Redis'] as const) {
      it(`over ${store} makes reads miss and writes answer none, and loaders run on`, async () => {
        const cache = store === 'memory' ? pool.open() : await pool.connect(server)
        await cache.set('user', 'Ada')
        await cache.close()
        expect(cache.state).to.equal('closed')
        expect(cache.isConnected).to.equal(false)
        expect(await cache.get('user')).to.equal(undefined)
        expect(await cache.has('user')).to.equal(false)
        const writes = [cache.set('a', 1), cache.delete('user'), cache.invalidateTags('t'), cache.clear()]
        expect(await Promise.all(writes)).to.deep.equal(['none', 'none', 'none', 'none'])
        const load = sinon.fake.resolves('loaded')
        const answers = await Promise.all([cache.getOrSet('user', load), cache.getOrSet('user', load)])
        expect(answers).to.deep.equal(['loaded', 'loaded'])
        expect(await cache.getOrSet('user', load)).to.equal('loaded')
        expect(load.callCount).to.equal(2)
      })
    }

    it('may be called any number of times', async () => {
      const cache = await pool.connect(server)
      await Promise.all([cache.close(), cache.close()])
      await cache.close()
      expect(cache.state).to.equal('closed')
    })

    it('ends the connection', async () => {
      const cache = await pool.connect(server)
      await cache.redis?.clientSetName('to-be-closed')
      expect(await server.command('CLIENT', 'LIST')).to.include('name=to-be-closed')
      await cache.close()
      await eventually(async () => !(await server.command('CLIENT', 'LIST')).includes('name=to-be-closed'))
    })

    it('ends what has not connected yet, for good', async () => {
      const absent = await RedisServer.reserve()
      const cache = pool.open({ redis: absent.url })
      const states: string[] = []
      cache.on('state', ({ to }) => states.push(to))
      await eventually(() => cache.state === 'degraded')
      await cache.close()
      await absent.start()
      const witness = pool.open({ redis: absent.url })
      await eventually(() => witness.isConnected)
      expect(cache.state).to.equal('closed')
      expect(states.at(-1)).to.equal('closed')
      await absent.close()
    })

    it('says how many changes it could not carry over', async () => {
      const absent = await RedisServer.reserve()
      const logger = new RecordingLogger()
      const cache = pool.open({ redis: absent.url, logger })
      await cache.delete('a')
      await cache.set('b', 1)
      await cache.close()
      expect(logger.lines.at(-1)).to.deep.equal({
        level: 'warn',
        message: 'Closed before Redis was back',
        details: { changesNotCarriedOver: 2 },
      })
      await absent.close()
    })
  })

  describe('memory', () => {
    it('holds so many entries and lets go of those used least recently', async () => {
      const cache = pool.open({ memory: { maxEntries: 20 } })
      await cache.set('kept', 'in use')
      for (let index = 0; index < 100; index++) {
        await cache.set(`entry:${String(index)}`, index)
        expect(await cache.get('kept')).to.equal('in use')
      }
      const { size } = await cache.getStats()
      expect(size).to.be.within(10, 20)
      expect(await cache.get('entry:99')).to.equal(99)
      expect(await cache.has('entry:0')).to.equal(false)
    })

    it('holds so many bytes of keys and values', async () => {
      const cache = pool.open({ memory: { maxBytes: 10_000 } })
      for (let index = 0; index < 50; index++) await cache.set(`entry:${String(index)}`, 'x'.repeat(1000))
      const { size } = await cache.getStats()
      expect(size).to.be.within(5, 10)
      expect(await cache.has('entry:49')).to.equal(true)
    })

    it('is not said to hold what is too large for it', async () => {
      const cache = pool.open({ memory: { maxBytes: 1024 } })
      await cache.set('page', 'small')
      expect(await cache.set('page', 'x'.repeat(2000))).to.equal('none')
      expect(await cache.get('page')).to.equal(undefined)
    })
  })

  describe('events', () => {
    it('tell of every change of state, in order, and of an outage once', async () => {
      const own = await RedisServer.start()
      const cache = pool.open({ redis: own.url, commandTimeout: 5000 })
      const events: string[] = []
      cache.on('state', ({ from, to }) => events.push(`${from} → ${to}`))
      cache.on('degraded', ({ cause }) => events.push(`degraded: ${String(cause.message !== '')}`))
      cache.on('recovered', ({ outageMs, replayed }) => {
        events.push(`recovered: ${String(outageMs >= 0)}, ${String(replayed)}`)
      })
      await eventually(() => cache.isConnected)
      await own.kill()
      await eventually(() => cache.state === 'degraded')
      await cache.delete('a')
      await own.start()
      await eventually(() => cache.isConnected)
      const attempts = ['degraded → recovering', 'recovering → degraded']
      expect(events.filter((event) => !attempts.includes(event))).to.deep.equal([
        'connecting → recovering',
        'recovering → ready',
        'ready → degraded',
        'degraded: true',
        'recovering → ready',
        'recovered: true, 1',
      ])
      await own.close()
    })

    it('reach the other listeners when one throws, and the log says so', async () => {
      const logger = new RecordingLogger()
      const cache = await pool.connect(server, { logger })
      const heard: ClientEvents['state'][] = []
      cache.on('state', () => {
        throw new Error('a careless listener')
      })
      cache.on('state', (event) => heard.push(event))
      await cache.close()
      expect(heard).to.deep.equal([{ from: 'ready', to: 'closed' }])
      expect(logger.lines.at(-1)).to.deep.equal({
        level: 'error',
        message: 'Cache listener failed',
        details: { event: 'state', cause: 'a careless listener' },
      })
    })

    it('no longer reach a listener that has been taken away', async () => {
      const cache = pool.open()
      const listener = sinon.fake()
      const takeAway = cache.on('state', listener)
      takeAway()
      takeAway()
      await cache.close()
      expect(listener.callCount).to.equal(0)
    })
  })

  describe('redis', () => {
    it('is the node-redis client beneath', async () => {
      const cache = await pool.connect(server)
      expect(await cache.redis?.ping()).to.equal('PONG')
    })

    it('is undefined on memory and over a client of another kind', () => {
      expect(pool.open().redis).to.equal(undefined)
      const client = surface(new RedisClient({ url: server.url }))
      expect(pool.open({ client }).redis).to.equal(undefined)
    })
  })

  const changes: [name: string, change: (cache: Cache) => Promise<Stored>, after: unknown][] = [
    ['delete', (cache) => cache.delete('last'), undefined],
    ['set', (cache) => cache.set('last', 'new'), 'new'],
    ['invalidateTags', (cache) => cache.invalidateTags('tag'), undefined],
    ['clear', (cache) => cache.clear(), undefined],
  ]
  for (const [name, change, after] of changes) {
    it(`finds nothing from before ${name}, where Redis is only just back and has no room for all`, async () => {
      const own = await RedisServer.start()
      const cache = await pool.connect(own)
      await own.kill()
      await eventually(() => !cache.isConnected)
      const back = new Promise<void>((resolve) => cache.on('recovered', () => setImmediate(resolve)))
      await own.restart()
      await back
      const crowd = Array.from({ length: 500 }, (_, index) => `other ${String(index)}`)
      const load = (key: string): Promise<string> => cache.getOrSet(key, () => 'old', '1h', { tags: ['tag'] })
      await Promise.all([...crowd, 'last'].map(load))
      expect(await own.command('EXISTS', 'last')).to.equal('0')
      expect(await change(cache)).to.equal('redis')
      const reads = await Promise.all([...crowd, ...crowd.map(() => 'last')].map((key) => cache.get(key)))
      expect(new Set(reads.slice(crowd.length)).has('old')).to.equal(false)
      expect(await cache.get('last')).to.equal(after)
      await own.close()
    })
  }

  it('finds in memory a value whose write Redis lost hold of', async () => {
    const own = await RedisServer.start()
    const beneath = new RedisClient({ url: own.url })
    const client: CacheClient = {
      ...surface(beneath),
      set: async (key, value, ttlMs) => {
        if (key === 'user') await own.kill()
        await beneath.set(key, value, ttlMs)
      },
    }
    const cache = pool.open({ client, commandTimeout: 5000 })
    await eventually(() => cache.isConnected)
    expect(await cache.set('user', 'Ada')).to.equal('memory')
    expect(await cache.get('user')).to.equal('Ada')
    await own.close()
  })
})

/** A client as an object of its methods, to be changed in part. */
function surface(client: RedisClient): CacheClient {
  return {
    connect: () => client.connect(),
    disconnect: () => {
      client.disconnect()
    },
    close: () => client.close(),
    onDisconnect: (listener) => {
      client.onDisconnect(listener)
    },
    ping: () => client.ping(),
    getMany: (keys) => client.getMany(keys),
    timeLeft: (key) => client.timeLeft(key),
    set: (key, value, ttlMs) => client.set(key, value, ttlMs),
    delete: (keys) => client.delete(keys),
    lease: (key, token, ttlMs) => client.lease(key, token, ttlMs),
    claim: (keys, token, ttlMs) => client.claim(keys, token, ttlMs),
    keepLeases: (leases, ttlMs) => client.keepLeases(leases, ttlMs),
    setLeased: (key, value, lease) => client.setLeased(key, value, lease),
    release: (lease) => client.release(lease),
    stamp: (counter, stamps, ttlMs) => client.stamp(counter, stamps, ttlMs),
    ensureStamps: (counter, stamps, ttlMs) => client.ensureStamps(counter, stamps, ttlMs),
    raise: (key, value, ttlMs) => client.raise(key, value, ttlMs),
    size: () => client.size(),
  }
}
