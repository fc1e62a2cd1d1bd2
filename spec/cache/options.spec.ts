import { inspect } from 'node:util'
import { expect } from 'chai'
import { createClient } from 'redis'
import { createCache, InvalidEnvironmentError, InvalidOptionError, setDefaultCache } from 'holdfast'
import type { Cache, CacheClient, CacheOptions } from 'holdfast'
import { systemClock } from '../../lib/clock'
import { MemoryClient } from '../../lib/client/memory-client'
import { CachePool } from '../support/cache-pool'
import { eventually } from '../support/eventually'
import { RecordingLogger } from '../support/recording-logger'
import { RedisServer } from '../support/redis-server'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

describe("createCache's options", () => {
  failOnUnhandledRejections()

  const pool = new CachePool()
  let environment: NodeJS.ProcessEnv

  beforeEach(() => {
    environment = { ...process.env }
    forgetRedis()
  })

  afterEach(() => {
    forgetRedis()
    Object.assign(process.env, environment)
  })

  /** A cache made of exactly these options, whatever they are. */
  function make(options?: unknown): Cache {
    return pool.adopt(createCache(options as CacheOptions))
  }

  it('may all be left out, or be undefined', async () => {
    const logger = new RecordingLogger()
    const names = ['redis', 'client', 'namespace', 'ttl', 'commandTimeout', 'memory', 'clock']
    const cache = make({ ...Object.fromEntries(names.map((name) => [name, undefined])), logger })
    expect(await cache.set('user', 'Ada')).to.equal('memory')
    expect(cache.prefix).to.equal('')
  })

  it('are left as they are', () => {
    const options = Object.freeze({ redis: false, logger: false, memory: Object.freeze({ maxEntries: 10 }) })
    make(options)
    expect(options).to.deep.equal({ redis: false, logger: false, memory: { maxEntries: 10 } })
  })

  const misspelt: [options: object, complaint: string][] = [
    [{ namspace: 'a' }, "createCache: namspace: unknown option; did you mean 'namespace'?"],
    [{ TTL: 1 }, "createCache: TTL: unknown option; did you mean 'ttl'?"],
    [{ comandTimeout: 1 }, "createCache: comandTimeout: unknown option; did you mean 'commandTimeout'?"],
    [
      { memory: { maxEntrys: 10 } },
      "createCache: memory: maxEntrys: unknown option; did you mean 'maxEntries'?",
    ],
    [{ log: false }, 'createCache: log: unknown option; did you mean'],
  ]
  for (const [options, complaint] of misspelt) {
    it(`${inspect(options)} names the nearest that is known`, () => {
      expect(() => make({ redis: false, ...options })).to.throw(InvalidOptionError, complaint)
    })
  }

  it('names all that are known beside the nearest', () => {
    expect(() => make({ namspace: 'a' })).to.throw(
      'Known are redis, client, namespace, ttl, jitter, refreshAhead, compress, commandTimeout, serializer, maxValueBytes, memory, nearCache, logger, clock',
    )
  })

  const noClient = new MemoryClient({ maxEntries: 10, maxBytes: 1024 }, systemClock)
  const refused: [options: unknown, option: string, complaint: string][] = [
    [null, 'createCache', 'expected an options object, got null'],
    [[], 'createCache', 'expected an options object, got an array'],
    [{ namespace: 'a b' }, 'createCache: namespace', "got 'a b'"],
    [{ namespace: '{a}' }, 'createCache: namespace', "got '{a}'"],
    [{ namespace: 'holdfast' }, 'createCache: namespace', "got 'holdfast'"],
    [{ namespace: 'holdfast:a' }, 'createCache: namespace', "got 'holdfast:a'"],
    [{ namespace: 'blacklist' }, 'createCache: namespace', "got 'blacklist'"],
    [{ namespace: 5 }, 'createCache: namespace', 'got 5'],
    [{ namespace: null }, 'createCache: namespace', 'got null'],
    [{ commandTimeout: 0 }, 'createCache: commandTimeout', 'expected a whole number from 1 up, got 0'],
    [{ commandTimeout: 1.5 }, 'createCache: commandTimeout', 'got 1.5'],
    [{ commandTimeout: '100' }, 'createCache: commandTimeout', "got '100'"],
    [{ commandTimeout: Number.NaN }, 'createCache: commandTimeout', 'got NaN'],
    [{ commandTimeout: Number.POSITIVE_INFINITY }, 'createCache: commandTimeout', 'got Infinity'],
    [{ memory: 100 }, 'createCache: memory', 'expected an options object, got 100'],
    [{ memory: { maxEntries: 9 } }, 'createCache: memory.maxEntries', 'expected a whole number from 10 to 16777216, got 9'],
    [{ memory: { maxEntries: 2 ** 25 } }, 'createCache: memory.maxEntries', 'got 33554432'],
    [{ memory: { maxBytes: 1023 } }, 'createCache: memory.maxBytes', 'expected a whole number from 1024 up, got 1023'],
    [{ memory: { maxBytes: '64mb' } }, 'createCache: memory.maxBytes', "got '64mb'"],
    [{ logger: console.log }, 'createCache: logger', 'expected an object with info, warn and error, or false'],
    [{ logger: { info: console.info } }, 'createCache: logger', 'expected an object with info, warn and error'],
    [{ logger: null }, 'createCache: logger', 'expected an object with info, warn and error'],
    [{ clock: {} }, 'createCache: clock', 'expected'],
    [{ client: {} }, 'createCache: client', 'expected'],
    [{ client: noClient, redis: false }, 'createCache: client', "expected either 'client' or 'redis', got both"],
    [{ redis: true }, 'createCache: redis', 'got true'],
    [{ redis: null }, 'createCache: redis', 'got null'],
    [{ redis: ['redis://a'] }, 'createCache: redis', 'got an array'],
    [{ redis: 6379 }, 'createCache: redis', 'expected a URL, node-redis options, a node-redis client or false, got 6379'],
    [{ redis: '' }, 'createCache: redis', 'expected a URL like redis://user:password@host:6379/0'],
    [{ redis: 'localhost:6379' }, 'createCache: redis', 'expected a URL like'],
    [{ redis: { host: 'cache', port: 6380 } }, 'createCache: redis: host', 'expected it within socket'],
    [{ redis: { url: 'http://cache' } }, 'createCache: redis: url', 'expected a URL like'],
    [{ redis: 'http://localhost' }, 'createCache: redis', 'expected a URL like'],
    [{ redis: 'redis://localhost/users' }, 'createCache: redis', 'expected a URL like'],
  ] // prettier-ignore
  for (const [options, option, complaint] of refused) {
    it(`${inspect(options, { depth: 1, breakLength: Infinity })} is refused by the name of ${option}`, () => {
      expect(() => make(options && !Array.isArray(options) ? { logger: false, ...options } : options))
        .to.throw(InvalidOptionError, complaint)
        .with.include({ code: 'invalid_option', option })
    })
  }

  it('show nothing of a URL that cannot be used: it may hold a password', () => {
    for (const redis of ['redis://:hunter2@host/users', 'hunter2', 'http://:hunter2@host']) {
      expect(() => make({ redis }))
        .to.throw(InvalidOptionError)
        .and.satisfy(hidesThePassword)
    }
    process.env['REDIS_URL'] = 'redis://:hunter2@host/users'
    expect(() => make())
      .to.throw(InvalidEnvironmentError)
      .and.satisfy(hidesThePassword)
  })

  it('show nothing of a URL that was given in the place of another', () => {
    for (const misplaced of [
      { namespace: 'redis://:hunter2@host a' },
      { redis: { url: 'redis://:hunter2@host:port' } },
    ]) {
      expect(() => make(misplaced))
        .to.throw(InvalidOptionError)
        .and.satisfy(hidesThePassword)
    }
    expect(() => {
      setDefaultCache('redis://:hunter2@host' as unknown as Cache)
    })
      .to.throw(InvalidOptionError)
      .and.satisfy(hidesThePassword)
  })

  it('take a logger that fails, at once or later, and go on', async () => {
    const down = (): never => {
      throw new Error('the log is down')
    }
    const error = async (): Promise<void> => Promise.reject(new Error('the log is down'))
    const cache = make({ redis: 'redis://127.0.0.1:1', logger: { info: down, warn: down, error } })
    await eventually(() => cache.state === 'degraded')
    expect(await cache.set('a', 1)).to.equal('memory')
  })

  it('show nothing of a URL that was given in their place', () => {
    expect(() => make('redis://:hunter2@host'))
      .to.throw(InvalidOptionError)
      .and.satisfy(hidesThePassword)
  })

  describe('logger', () => {
    it('that throws fails nobody', async () => {
      const fail = () => {
        throw new Error('The disk is full')
      }
      const cache = make({ logger: { info: fail, warn: fail, error: fail } })
      expect(await cache.set('count', () => 1)).to.equal('none')
    })

    it('is called as a method of what was given', () => {
      class Log extends RecordingLogger {}
      const logger = new Log()
      make({ logger })
      expect(logger.messages('warn')).to.deep.equal(['Redis not configured'])
    })
  })

  describe('client', () => {
    it('takes the place of Redis', async () => {
      const beneath = new MemoryClient({ maxEntries: 100, maxBytes: 10_000 }, systemClock)
      const cache = make({ client: beneath satisfies CacheClient, logger: false })
      await eventually(() => cache.isConnected)
      expect(await cache.set('user', 'Ada')).to.equal('redis')
      expect([...beneath.keys()]).to.include('user')
      expect(await cache.get('user')).to.equal('Ada')
    })
  })

  describe('redis', () => {
    let server: RedisServer

    before(async () => {
      server = await RedisServer.start({ password: 'p@ss word%' })
    })

    after(() => server.close())

    const forms: [name: string, redis: () => CacheOptions['redis']][] = [
      ['a URL', () => `${server.url}/3`],
      ["node-redis's own options", () => ({ url: server.url, database: 3 })],
      ['a node-redis client', () => createClient({ url: server.url, database: 3 })],
    ]
    for (const [name, redis] of forms) {
      it(`is ${name}`, async () => {
        const cache = make({ redis: redis(), logger: false, commandTimeout: 5000 })
        await eventually(() => cache.isConnected)
        expect(await cache.set('user', 'Ada')).to.equal('redis')
        expect(await server.command('INFO', 'keyspace')).to.match(/db3:/)
      })
    }

    it('lends its options and is neither connected nor closed, if it is a client', async () => {
      const client = createClient({ url: server.url })
      await client.connect()
      const cache = make({ redis: client, logger: false })
      await eventually(() => cache.isConnected)
      expect(cache.redis).not.to.equal(client)
      await cache.close()
      expect(await client.ping()).to.equal('PONG')
      await client.close()
    })

    it('goes before the environment, which is not looked at then', async () => {
      process.env['REDIS_PORT'] = 'abc'
      const cache = make({ redis: server.url, logger: false })
      await eventually(() => cache.isConnected)
      expect(make({ redis: false, logger: false }).state).to.equal('memory')
    })

    it('false is memory, whatever the environment says', () => {
      process.env['REDIS_URL'] = server.url
      expect(make({ redis: false, logger: false }).state).to.equal('memory')
    })
  })

  describe('left to the environment', () => {
    let open: RedisServer
    let locked: RedisServer

    before(async () => {
      ;[open, locked] = await Promise.all([RedisServer.start(), RedisServer.start({ password: ' secret ' })])
    })

    after(() => Promise.all([open.close(), locked.close()]))

    /** Which database of a server a cache writes to, by this environment. */
    async function databaseUsed(server: RedisServer, variables: Record<string, string>): Promise<string> {
      Object.assign(process.env, variables)
      await server.command('FLUSHALL')
      const cache = make({ logger: false, commandTimeout: 5000 })
      await eventually(() => cache.isConnected)
      await cache.set('user', 'Ada')
      const keyspace = await server.command('INFO', 'keyspace')
      // It would go on writing its proofs into that database.
      await cache.close()
      return /db\d+/.exec(keyspace)?.[0] ?? 'none'
    }

    for (const variables of [{}, { REDIS_HOST: '', REDIS_URL: ' ' }, { REDIS_PORT: '6379', REDIS_DB: '1' }]) {
      it(`are memory by ${inspect(variables)}, and that is said once`, async () => {
        Object.assign(process.env, variables)
        const logger = new RecordingLogger()
        const cache = make({ logger })
        await cache.set('user', 'Ada')
        await cache.get('user')
        expect(cache.state).to.equal('memory')
        expect(logger.lines).to.deep.equal([{ level: 'warn', message: 'Redis not configured' }])
      })
    }

    it('are memory by choice with redis: false', () => {
      expect(make({ redis: false, logger: false }).state).to.equal('memory')
    })

    it('are the Redis of REDIS_HOST, REDIS_PORT and REDIS_DB', async () => {
      const where = { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(open.port) }
      expect(await databaseUsed(open, where)).to.equal('db0')
      expect(await databaseUsed(open, { ...where, REDIS_DB: '2' })).to.equal('db2')
    })

    it('are the Redis of REDIS_URL, rather than that of REDIS_HOST, and say so', async () => {
      expect(await databaseUsed(open, { REDIS_URL: `${open.url}/4` })).to.equal('db4')
      expect(await databaseUsed(open, { REDIS_HOST: 'nowhere.invalid', REDIS_PORT: '1' })).to.equal('db4')
      const logger = new RecordingLogger()
      make({ logger })
      expect(logger.messages('info')).to.include('REDIS_URL is set: REDIS_HOST is not used')
    })

    for (const empty of ['', '  ']) {
      it(`have no password and no database by ${inspect(empty)}`, async () => {
        const blank = { REDIS_PASSWORD: empty, REDIS_USERNAME: empty, REDIS_DB: empty, REDIS_TLS: empty }
        expect(await databaseUsed(open, { REDIS_URL: open.url, ...blank })).to.equal('db0')
      })
    }

    it('have the password of REDIS_PASSWORD, blanks and all', async () => {
      const where = { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(locked.port) }
      expect(await databaseUsed(locked, { ...where, REDIS_PASSWORD: ' secret ' })).to.equal('db0')
    })

    const refused: [variables: Record<string, string>, variable: string, got: string][] = [
      [{ REDIS_PORT: 'abc' }, 'REDIS_PORT', "expected a whole number from 1 to 65535, got 'abc'"],
      [{ REDIS_PORT: '0' }, 'REDIS_PORT', "got '0'"],
      [{ REDIS_PORT: '65536' }, 'REDIS_PORT', "got '65536'"],
      [{ REDIS_PORT: '6379.5' }, 'REDIS_PORT', "got '6379.5'"],
      [
        { REDIS_PORT: 'tcp://10.0.0.1:6379' },
        'REDIS_PORT',
        'Kubernetes sets REDIS_PORT for a Service called redis',
      ],
      [{ REDIS_DB: '-1' }, 'REDIS_DB', "got '-1'"],
      [{ REDIS_DB: '1e3' }, 'REDIS_DB', "got '1e3'"],
      [{ REDIS_TLS: 'perhaps' }, 'REDIS_TLS', "expected true, false, 1 or 0, got 'perhaps'"],
      [{ REDIS_URL: 'localhost:6379' }, 'REDIS_URL', 'expected a URL like redis://user:password@host:6379/0'],
      [{ REDIS_URL: 'redis://:100%@localhost' }, 'REDIS_URL', 'expected a URL like'],
      [{ REDIS_URL: 'redis://localhost', REDIS_PORT: 'abc' }, 'REDIS_PORT', "got 'abc'"],
    ]
    for (const [variables, variable, got] of refused) {
      it(`stop at ${inspect(variables)} by the name of ${variable}`, () => {
        Object.assign(process.env, variables)
        expect(() => make())
          .to.throw(InvalidEnvironmentError, got)
          .with.include({ code: 'invalid_environment', variable })
          .and.property('message')
          .match(new RegExp(`^${variable}: `))
      })
    }
  })
})

function hidesThePassword(error: Error): boolean {
  return !inspect(error).includes('hunter2')
}

function forgetRedis(): void {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('REDIS_')) Reflect.deleteProperty(process.env, name)
  }
}
