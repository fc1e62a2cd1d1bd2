import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import sinon from 'sinon'
import { cached, createCache, defaultCache, InvalidOptionError, setDefaultCache } from 'holdfast'
import type { Cache } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { RedisServer } from '../support/redis-server'
import { useDefaultCache } from '../support/use-default-cache'

describe('The default cache', () => {
  describe('of a process of its own', () => {
    let server: RedisServer

    before(async () => {
      server = await RedisServer.start()
    })

    after(() => server.close())

    it('is made when it is first needed, once, and is memory where the environment names no Redis', async () => {
      const output = await run(`
        const find = cached(() => Promise.resolve(1), 'user:{0}', '1h')
        cacheResponse('5m')
        rejectBlacklisted()
        console.log('constructed')
        find('ada').then(() => {
          console.log(defaultCache().state, defaultCache() === defaultCache())
        })
      `)
      expect(output).to.deep.equal(['constructed', 'Redis not configured', 'memory true'])
    })

    it('is the Redis that the environment names', async () => {
      const output = await run(
        `
          const find = cached((id) => Promise.resolve(id), 'user:{0}', '1h')
          const cache = defaultCache()
          cache.on('state', async ({ to }) => {
            if (to !== 'ready') return
            await find('ada')
            // Behind what is being stored.
            await cache.has('user:ada')
            console.log(await cache.redis.exists('user:ada'))
            await cache.close()
          })
        `,
        { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(server.port) },
      )
      expect(output).to.deep.equal(['Redis client connected', '1'])
    })

    it('is what it was given, also by those that were made before', async () => {
      const output = await run(`
        const find = cached(() => Promise.resolve(1), 'user:{0}', '1h')
        const own = createCache({ redis: false, logger: false })
        setDefaultCache(own)
        find('ada').then(async () => {
          console.log(await own.has('user:ada'), defaultCache() === own)
        })
      `)
      expect(output).to.deep.equal(['true true'])
    })

    it('is refused for what the environment says by whatever would use it, at construction', async () => {
      const output = await run(
        `
          const constructions = {
            createCache: () => createCache(),
            cached: () => cached(() => Promise.resolve(1), 'user:{0}', '1h'),
            Cached: () => Cached('user:{0}', '1h')({}, 'find', { value: () => Promise.resolve(1) }),
            cacheResponse: () => cacheResponse('5m'),
            rejectBlacklisted: () => rejectBlacklisted(),
            tokenBlacklist: () => tokenBlacklist(),
            defaultCache: () => defaultCache(),
          }
          for (const [name, construct] of Object.entries(constructions)) {
            try {
              construct()
              console.log(name, 'was made')
            } catch (error) {
              console.log(name, error.code, error.variable, error.message)
            }
          }
        `,
        { REDIS_PORT: 'abc' },
      )
      const complaint =
        "invalid_environment REDIS_PORT REDIS_PORT: expected a whole number from 1 to 65535, got 'abc'"
      expect(output).to.deep.equal(
        [
          'createCache',
          'cached',
          'Cached',
          'cacheResponse',
          'rejectBlacklisted',
          'tokenBlacklist',
          'defaultCache',
        ].map((name) => `${name} ${complaint}`),
      )
    })

    it('is not asked of the environment by those that have a cache of their own', async () => {
      const output = await run(
        `
          const cache = createCache({ redis: false, logger: false })
          const find = cached(() => Promise.resolve(1), 'user:{0}', '1h', { cache })
          cacheResponse('5m', { cache })
          rejectBlacklisted({ blacklist: createTokenBlacklist({ cache }) })
          find('ada').then(() => console.log('found'))
        `,
        { REDIS_PORT: 'abc' },
      )
      expect(output).to.deep.equal(['found'])
    })
  })

  describe('that is set', () => {
    useDefaultCache()

    const pool = new CachePool()

    it('serves everybody from then on', async () => {
      const [one, other] = [pool.open(), pool.open()]
      const find = sinon.fake.resolves('Ada')
      const findUser = cached(find, 'user', '1h')
      setDefaultCache(one)
      await findUser()
      setDefaultCache(other)
      await findUser()
      expect(find.callCount).to.equal(2)
      expect(defaultCache()).to.equal(other)
    })

    it('leaves the one before as it is', async () => {
      const one = pool.open()
      setDefaultCache(one)
      setDefaultCache(pool.open())
      expect(one.state).to.equal('memory')
      expect(await one.set('user', 'Ada')).to.equal('memory')
    })

    for (const given of [undefined, null, {}, createCache, 'redis://127.0.0.1']) {
      it(`is a cache, not ${typeof given === 'function' ? 'a function' : JSON.stringify(given)}`, () => {
        const before = defaultCache()
        expect(() => {
          setDefaultCache(given as Cache)
        }).to.throw(
          InvalidOptionError,
          /^setDefaultCache: expected a cache as createCache\(\) makes it, got /,
        )
        expect(defaultCache()).to.equal(before)
      })
    }
  })
})

/** Runs a program that has the public names at hand, in a process of its own; the lines it prints. */
async function run(program: string, environment: Record<string, string> = {}): Promise<string[]> {
  const names = [
    ...['Cached', 'cached', 'cacheResponse', 'createCache', 'createTokenBlacklist', 'defaultCache'],
    ...['rejectBlacklisted', 'setDefaultCache', 'tokenBlacklist'],
  ]
  const redirected = 'console.warn = console.info = console.error = console.log;'
  const source = `${redirected} const { ${names.join(', ')} } = require('./lib/index.ts'); ${program}`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=commonjs', '--eval', source],
    { cwd: join(__dirname, '..', '..'), env: { ...withoutRedis(process.env), ...environment } },
  )
  return stdout.trimEnd().split('\n')
}

function withoutRedis(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('REDIS_')))
}
