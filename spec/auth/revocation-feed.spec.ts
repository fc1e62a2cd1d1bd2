import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { createCache, createTokenBlacklist, RevocationsUnavailableError } from 'holdfast'
import type { Cache, CacheClient, TokenBlacklist, TokenClaims } from 'holdfast'
import { RevocationLogs } from '../../lib/auth/revocation-log'
import { MemoryClient } from '../../lib/client/memory-client'
import { systemClock } from '../../lib/clock'
import { faultyClient } from 'holdfast/testing'
import type { BlacklistInstance } from '../support/blacklist-instance'
import { BlacklistInstances, connected, cutOff } from '../support/blacklist-instance'
import { eventually } from '../support/eventually'
import { RecordingLogger } from '../support/recording-logger'
import { RedisServer } from '../support/redis-server'
import { rejection } from '../support/rejection'
import { TcpProxy } from '../support/tcp-proxy'

const HOUR = 3600
const LOOK_MS = 1000

describe('The copy of all revocations', () => {
  let redis: RedisServer
  const instances = new BlacklistInstances()

  beforeEach(async () => {
    redis = await RedisServer.start()
  })

  afterEach(async () => {
    await instances.close()
    await redis.close()
  })

  /** Two instances whose copies have been proven complete. */
  async function two(): Promise<[BlacklistInstance, BlacklistInstance]> {
    const pair = await Promise.all([start(), start()])
    await Promise.all(pair.map((instance) => vouched(instance)))
    return pair
  }

  function start(
    ...more: Parameters<typeof instances.start> extends [unknown, ...infer Rest] ? Rest : never
  ) {
    return instances.start(redis, ...more)
  }

  describe('in step with the others', () => {
    it('answers without asking Redis, and without a promise, once it is complete', async () => {
      const [one] = await two()
      expect(await judged(one)).to.equal('valid')
      expect(one.blacklist.judge({ id: 'a'.repeat(32), claims: {} })).to.equal('valid')
    })

    it('learns within a moment what another instance revokes', async () => {
      const [one, other] = await two()
      for (const each of [claims('1'), claims('2')]) {
        await one.blacklist.revoke(each)
        await knows(other, each)
      }
    })

    it('learns what others have revoked before it started', async () => {
      const one = await start()
      const revoked = Array.from({ length: 2500 }, (_, index) => claims(String(index)))
      await Promise.all(revoked.map((each) => one.blacklist.revoke(each)))
      const late = await start()
      await vouched(late)
      await redis.kill()
      await cutOff(late)
      for (const each of revoked) expect(await late.blacklist.isRevoked(each)).to.equal(true)
      expect(late.blacklist.count()).to.equal(2500)
    })

    it('asks Redis for each token until it has read everything', async () => {
      const [one] = await two()
      await one.blacklist.revoke(claims('1'))
      const late = await start()
      expect(await late.blacklist.isRevoked(claims('1'))).to.equal(true)
    })

    it('learns of it by looking each second where Redis does not tell', async () => {
      await redis.command('ACL', 'SETUSER', 'deaf', 'on', '>secret', '~*', '&*', '+@all', '-client|tracking')
      const deaf = await start({}, { redis: `redis://deaf:secret@127.0.0.1:${String(redis.port)}` })
      const [one] = await two()
      await vouched(deaf)
      await one.blacklist.revoke(claims('1'))
      await knows(deaf, claims('1'))
    })

    it('takes nothing for its own that is of another database, or another namespace', async () => {
      const [one] = await two()
      const elsewhere = [
        await start({}, { redis: `${redis.url}/1` }),
        await start({}, { namespace: 'school' }),
      ]
      await Promise.all(elsewhere.map((each) => vouched(each)))
      await one.blacklist.revoke(claims('1'))
      await knows(await start(), claims('1'))
      for (const each of elsewhere) expect(each.blacklist.count()).to.equal(0)
    })

    it('keeps revocations of all lives, in logs that drop what no longer matters', async () => {
      const [one, other] = await two()
      const lives = ['30m', '20h', '6d', '30d', '60d', '300d', '10y']
      for (const lifetime of lives) await one.blacklist.revoke({ jti: lifetime }, { lifetime })
      await Promise.all(lives.map((lifetime) => knows(other, { jti: lifetime })))
      const logs = (await redis.command('KEYS', 'holdfast:*:revocations:*')).split('\n')
      expect(logs).to.have.lengthOf(lives.length)
      const shortest = logs.find((log) => log.endsWith(':1h')) ?? ''
      expect(Number(await redis.command('PTTL', shortest))).to.be.within(HOUR * 1000, 1.2 * HOUR * 1000)
    })

    it('knows what was revoked while it was away from the moment that it uses Redis again', async () => {
      const proxy = await TcpProxy.start(redis.port)
      const one = await start()
      const other = await start({}, { redis: `redis://127.0.0.1:${String(proxy.port)}` })
      await vouched(other)
      await proxy.refuse()
      await cutOff(other)
      expect(await one.blacklist.revoke(claims('1'))).to.equal('redis')
      const seen: Promise<boolean>[] = []
      other.cache.on('state', ({ to }) => {
        if (to === 'ready') seen.push(other.blacklist.isRevoked(claims('1')))
      })
      await proxy.accept()
      await connected(other)
      expect(await Promise.all(seen)).to.deep.equal([true])
      await instances.close()
      await proxy.close()
    })

    it('tells Redis what was revoked while it was brought what it lacked, as soon as it uses it again', async () => {
      const begun = performance.now()
      const one = await start()
      let stood: unknown
      one.cache.client.onRecovery({
        pending: () => 0,
        bring: async () => {
          stood = await one.blacklist.revoke(claims('1'))
        },
      })
      // Behind one of the looks each second, the next of which would tell it too.
      await delay(LOOK_MS - ((performance.now() - begun) % LOOK_MS) + 50)
      await redis.command('CLIENT', 'KILL', 'TYPE', 'normal')
      await eventually(() => stood === 'memory' && one.cache.isConnected)
      await eventually(async () => (await redis.command('KEYS', 'blacklist:*')) !== '', {
        withinMs: LOOK_MS / 4,
      })
    })

    it('goes on where an old log has gone, as all do', async () => {
      const [one, other] = await two()
      await one.blacklist.revoke(claims('1'))
      await knows(other, claims('1'))
      expect(await quietly(other)).to.equal('valid')
    })
  })

  describe('when Redis has lost something', () => {
    /** Revokes on one and sees to it that the other knows, and that both have it from Redis. */
    async function revokedBefore(one: BlacklistInstance, other: BlacklistInstance): Promise<void> {
      await one.blacklist.revoke(claims('before'))
      await one.blacklist.revokeAll('8')
      await knows(other, claims('before'))
      await knows(other, claims('any', { sub: '8', iat: 1 }))
    }

    async function isBack(): Promise<void> {
      const late = await start()
      await knows(late, claims('before'))
      await knows(late, claims('any', { sub: '8', iat: 1 }))
    }

    const losses: Record<string, () => Promise<unknown>> = {
      'was flushed': () => redis.command('FLUSHALL'),
      'has evicted the log': async () => {
        const logs = (await redis.command('KEYS', 'holdfast:*:revocations:*')).split('\n')
        await redis.command('DEL', ...logs)
      },
      'has swapped databases': () => redis.command('SWAPDB', '0', '1'),
      'has restarted with nothing': () => redis.restart({ dataset: 'empty' }),
    }
    for (const [what, lose] of Object.entries(losses)) {
      it(`writes it back: Redis ${what}`, async () => {
        const pair = await two()
        await revokedBefore(...pair)
        await lose()
        await isBack()
      })
    }

    it('writes back what an older data set lacks', async () => {
      const [one, other] = await two()
      await one.blacklist.revoke(claims('earlier'))
      await knows(other, claims('earlier'))
      const snapshot = await redis.snapshot()
      await revokedBefore(one, other)
      await redis.restart({ dataset: snapshot })
      await isBack()
      const late = await start()
      await knows(late, claims('earlier'))
    })

    it('writes back what this instance has only learnt, and brings back nothing that was taken back', async () => {
      const [one, other] = await two()
      await revokedBefore(one, other)
      await one.blacklist.revoke(claims('mistake'))
      await one.blacklist.restore(claims('mistake'))
      await eventually(async () => {
        expect(await other.blacklist.isRevoked(claims('mistake'))).to.equal(false)
      })
      await one.cache.close()
      await redis.command('FLUSHALL')
      await isBack()
      const late = await start()
      expect(await late.blacklist.isRevoked(claims('mistake'))).to.equal(false)
    })

    it('brings back nothing that was taken back while it was away', async () => {
      const [one, other] = await two()
      await one.blacklist.revoke(claims('mistake'))
      await knows(other, claims('mistake'))
      await redis.kill()
      await cutOff(one, other)
      await one.blacklist.restore(claims('mistake'))
      expect(await one.blacklist.isRevoked(claims('mistake'))).to.equal(false)
      await redis.restart({ dataset: 'empty' })
      await connected(one, other)
      await eventually(async () => {
        expect(await other.blacklist.isRevoked(claims('mistake'))).to.equal(false)
      })
      const late = await start()
      expect(await late.blacklist.isRevoked(claims('mistake'))).to.equal(false)
    })

    it('vouches for nobody until all has been written back', async () => {
      const one = await start()
      await vouched(one)
      await one.blacklist.revoke(claims('1'))
      await quietly(one)
      await redis.command('FLUSHALL')
      let [wasAsked, isBack] = [false, false]
      while (!isBack) {
        wasAsked ||= typeof one.blacklist.judge({ id: '0'.repeat(32), claims: {} }) !== 'string'
        isBack = (await redis.command('KEYS', 'blacklist:*')) !== ''
      }
      expect(wasAsked).to.equal(true)
    })

    it('says in the log how much it has written back', async () => {
      const logger = new RecordingLogger()
      const one = await start({}, { logger })
      await vouched(one)
      for (const name of ['1', '2', '3']) await one.blacklist.revoke(claims(name))
      await quietly(one)
      await redis.command('FLUSHALL')
      await eventually(() => logger.messages().includes('Revocations written back to Redis'))
      const line = logger.lines.find(({ message }) => message.startsWith('Revocations written'))
      expect(line).to.deep.include({ level: 'info', details: { count: 3 } })
    })
  })

  describe('that nobody can vouch for', () => {
    it('lets pass what it does not know in an outage, until that has lasted for too long, and then not', async () => {
      const one = await start({ whenStale: 'reject', maxStaleness: 1500 })
      await vouched(one)
      await redis.kill()
      await cutOff(one)
      expect(await one.blacklist.isRevoked(claims('1'))).to.equal(false)
      const error = await eventually(() => rejection(one.blacklist.isRevoked(claims('1'))))
      expect(error).to.be.instanceOf(RevocationsUnavailableError)
    })

    it('vouches again once all has been read after an outage', async () => {
      const one = await start({ whenStale: 'reject' })
      await redis.kill()
      await cutOff(one)
      await redis.start()
      await connected(one)
      await vouched(one)
    })

    it('has no room for all: Redis is asked then, and in an outage nobody vouches', async () => {
      const [one, small] = [await start(), await start({ capacity: 2, whenStale: 'reject' })]
      const revoked = ['1', '2', '3'].map((name) => claims(name))
      for (const each of revoked) await one.blacklist.revoke(each)
      for (const each of revoked) await knows(small, each)
      expect(await small.blacklist.isRevoked(claims('4'))).to.equal(false)
      await redis.kill()
      await cutOff(small)
      const error = await rejection(small.blacklist.isRevoked(claims('4')))
      expect(error).to.be.instanceOf(RevocationsUnavailableError)
    })

    it('cannot read what a later version has written: Redis is asked then, and the log says so', async () => {
      const logger = new RecordingLogger()
      const one = await start({}, { logger })
      await vouched(one)
      await redis.command('XADD', 'holdfast:{ns=}:revocations:1d', '*', 'r', 'in words to come')
      await eventually(() =>
        logger.messages('warn').some((message) => message.includes('each check asks Redis')),
      )
      const other = await start()
      await other.blacklist.revoke(claims('1'))
      expect(await one.blacklist.isRevoked(claims('1'))).to.equal(true)
    })

    it('cannot read what Redis has, which comes back empty: it gets all that is known', async () => {
      const logger = new RecordingLogger()
      const [one, other] = [await start({}, { logger }), await start()]
      await vouched(one)
      await other.blacklist.revoke(claims('1'))
      await eventually(() => one.blacklist.count() === 1)
      await other.cache.close()
      await redis.command('XADD', 'holdfast:{ns=}:revocations:1d', '*', 'r', 'in words to come')
      await eventually(() =>
        logger.messages('warn').some((message) => message.includes('each check asks Redis')),
      )
      await redis.kill()
      await cutOff(one)
      await redis.restart({ dataset: 'empty' })
      await connected(one)
      const late = await start()
      expect(await late.blacklist.isRevoked(claims('1'))).to.equal(true)
    })
  })

  describe("with check: 'redis'", () => {
    it('refuses at once what another has revoked', async () => {
      const one = await start()
      const strict = await start({ check: 'redis' })
      for (let name = 0; name < 20; name += 1) {
        await one.blacklist.revoke(claims(String(name)))
        expect(await strict.blacklist.isRevoked(claims(String(name)))).to.equal(true)
      }
    })

    it('refuses what its copy knows in an outage, and lets pass what it vouches for', async () => {
      const strict = await start({ check: 'redis', whenStale: 'reject' })
      // One copy for both.
      await vouched({ ...strict, blacklist: createTokenBlacklist({ cache: strict.cache }) })
      await strict.blacklist.revoke(claims('1'))
      await redis.kill()
      await cutOff(strict)
      expect(await strict.blacklist.isRevoked(claims('1'))).to.equal(true)
      expect(await strict.blacklist.isRevoked(claims('2'))).to.equal(false)
    })
  })

  describe('over a store', () => {
    let cache: Cache

    afterEach(() => cache.close())

    function over(client: CacheClient): TokenBlacklist {
      cache = createCache({ client, logger: false })
      return createTokenBlacklist({ cache })
    }

    it('that keeps no log: each check asks for the key', async () => {
      const { store, withoutLogs } = logless()
      const blacklist = over(withoutLogs)
      await eventually(() => cache.isConnected)
      const { id } = await revokedElsewhere(store)
      expect(await blacklist.judge({ id, claims: {} })).to.equal('revoked')
      expect(await blacklist.revoke(claims('1'))).to.equal('redis')
      expect(await store.size()).to.be.greaterThan(1)
    })

    it('that acknowledges what it loses before anybody has read it: it is told again', async () => {
      const store = new MemoryClient({ maxEntries: 100, maxBytes: 100_000 }, systemClock)
      let lost = 0
      const append: MemoryClient['appendLog'] = store.appendLog.bind(store)
      store.appendLog = async (...what) => {
        if (lost > 0) await append(...what)
        lost += 1
      }
      const blacklist = over(store)
      await eventually(() => cache.isConnected)
      expect(await blacklist.revoke(claims('1'))).to.equal('redis')
      expect(lost).to.equal(1)
      await eventually(
        async () => (await store.readLog('holdfast:{ns=}:revocations:1d', '', 10)).length === 1,
      )
    })

    it('that acknowledges a great many and loses them: it is told again in commands that are soon done', async () => {
      const store = new MemoryClient({ maxEntries: 1000, maxBytes: 1_000_000 }, systemClock)
      const sizes: number[] = []
      const append: MemoryClient['appendLog'] = store.appendLog.bind(store)
      store.appendLog = async (log, entries, keepMs) => {
        sizes.push(entries.length)
        if (sizes.length > 5) await append(log, entries, keepMs)
      }
      const blacklist = over(store)
      await eventually(() => cache.isConnected)
      await Promise.all(Array.from({ length: 500 }, (_, name) => blacklist.revoke(claims(String(name)))))
      await eventually(
        async () => (await store.readLog('holdfast:{ns=}:revocations:1d', '', 1000)).length === 500,
      )
      expect(Math.max(...sizes)).to.equal(100)
    })

    it('that is slow: what waits to be sent is sent once', async () => {
      const store = new MemoryClient({ maxEntries: 10_000, maxBytes: 10_000_000 }, systemClock)
      let appended = 0
      const append: MemoryClient['appendLog'] = store.appendLog.bind(store)
      store.appendLog = async (log, entries, keepMs) => {
        appended += entries.length
        await delay(30)
        await append(log, entries, keepMs)
      }
      const blacklist = over(store)
      await eventually(() => cache.isConnected)
      await Promise.all(Array.from({ length: 5000 }, (_, name) => blacklist.revoke(claims(String(name)))))
      await delay(LOOK_MS)
      expect(appended).to.equal(5000)
    })

    it('that loses what only its keys have told: it is told again', async () => {
      const store = new MemoryClient({ maxEntries: 100, maxBytes: 100_000 }, systemClock)
      const blacklist = over(store)
      await eventually(() => cache.isConnected)
      const { id } = await revokedElsewhere(store)
      const read: MemoryClient['readLog'] = store.readLog.bind(store)
      store.readLog = () => new Promise(() => undefined)
      await eventually(async () => (await blacklist.judge({ id, claims: {} })) === 'revoked')
      await store.delete([`blacklist:${id}`])
      store.readLog = read
      await eventually(async () => (await store.getMany([`blacklist:${id}`]))[0] !== undefined)
    })

    it('that has a long log: it is read in parts, the first of them small', async () => {
      const store = new MemoryClient({ maxEntries: 10_000, maxBytes: 10_000_000 }, systemClock)
      const until = Math.ceil(Date.now() / 1000) + HOUR
      const revocations = Array.from({ length: 5000 }, (_, name) => {
        const id = name.toString(16).padStart(32, '0')
        return { kind: 'token', id, value: until, until } as const
      })
      await new RevocationLogs('').append(store, revocations, Date.now())
      const parts: number[] = []
      const read: MemoryClient['readLog'] = store.readLog.bind(store)
      store.readLog = async (...what) => {
        const records = await read(...what)
        if (records.length > 1) parts.push(records.length)
        return records
      }
      const blacklist = over(store)
      await eventually(() => blacklist.count() === 5000)
      expect(parts.slice(0, 2)).to.deep.equal([32, 32])
      expect(Math.max(...parts)).to.be.within(64, 1000)
    })

    it('that answers too late: what it said then is asked for again, and nothing is missing', async () => {
      const store = new MemoryClient({ maxEntries: 100, maxBytes: 100_000 }, systemClock)
      cache = createCache({ client: store, logger: false, commandTimeout: 50 })
      const blacklist = createTokenBlacklist({ cache })
      await vouched({ cache, blacklist })
      let late = 0
      const read: MemoryClient['readLog'] = store.readLog.bind(store)
      store.readLog = async (...what) => {
        const records = await read(...what)
        if (records.length > 0 && late === 0) {
          late += 1
          await delay(500)
          late += 1
        }
        return records
      }
      const until = Math.ceil(Date.now() / 1000) + HOUR
      const revocation = { kind: 'token', id: 'a'.repeat(32), value: until, until } as const
      await new RevocationLogs('').append(store, [revocation], Date.now())
      await eventually(() => late === 2)
      await eventually(() => blacklist.count() === 1)
    })

    it('that keeps one, and is lost and found again', async () => {
      const redis = faultyClient()
      const blacklist = over(redis)
      await eventually(() => cache.isConnected)
      redis.fail()
      expect(await blacklist.revoke(claims('1'))).to.equal('memory')
      redis.heal()
      await eventually(() => cache.isConnected)
      expect(await redis.readLog?.('holdfast:{ns=}:revocations:1d', '', 10)).to.have.lengthOf(1)
    })

    it('that permits no log to its user: keys stand all the same', async () => {
      await redis.command('ACL', 'SETUSER', 'keys', 'on', '>secret', '~*', '&*', '+@all', '-@stream')
      const logger = new RecordingLogger()
      cache = createCache({ redis: `redis://keys:secret@127.0.0.1:${String(redis.port)}`, logger })
      const blacklist = createTokenBlacklist({ cache })
      await eventually(() =>
        logger.messages('warn').some((message) => message.includes('each check asks Redis')),
      )
      const witness = await start()
      expect(await blacklist.revoke(claims('1'))).to.equal('redis')
      expect(await redis.command('KEYS', 'blacklist:*')).to.match(/^blacklist:/)
      await witness.blacklist.revoke(claims('2'))
      expect(await blacklist.isRevoked(claims('2'))).to.equal(true)
    })
  })

  describe('warns of a Redis that', () => {
    for (const policy of ['allkeys-lru', 'volatile-ttl']) {
      it(`may evict revocations, once: ${policy}`, async () => {
        await redis.configSet('maxmemory', '100mb')
        await redis.configSet('maxmemory-policy', policy)
        const logger = new RecordingLogger()
        const one = await start({}, { logger })
        await eventually(() => logger.messages('warn').includes('Redis may evict revocations of tokens'))
        const warned = logger.lines.filter(({ message }) => message.startsWith('Redis may evict'))
        expect(warned).to.have.lengthOf(1)
        expect(warned[0]?.details).to.include({ cause: `maxmemory-policy is ${policy}` })
        await redis.restart()
        await connected(one)
        await vouched(one)
        expect(logger.messages('warn').filter((message) => message.startsWith('Redis may'))).to.have.lengthOf(
          1,
        )
      })
    }

    it('does not, by saying nothing', async () => {
      await redis.configSet('maxmemory', '100mb')
      const logger = new RecordingLogger()
      const one = await start({}, { logger })
      await vouched(one)
      expect(logger.messages('warn')).to.deep.equal([])
    })
  })

  function patient(): Promise<BlacklistInstance> {
    return start({}, { commandTimeout: 5000 })
  }

  it('takes 10,000 revocations that are made at once in a second or so', async () => {
    // A busy machine is no outage.
    const [one, other] = await Promise.all([patient(), patient()])
    const started = performance.now()
    const stored = await Promise.all(
      Array.from({ length: 10_000 }, (_, index) => one.blacklist.revoke(claims(String(index)))),
    )
    const tookMs = performance.now() - started
    expect(new Set(stored)).to.deep.equal(new Set(['redis']))
    await eventually(() => other.blacklist.count() === 10_000, { withinMs: 20_000 })
    // A shared machine is given ten times the second that it is to take.
    expect(tookMs).to.be.lessThan(10_000)
  }).timeout(40_000)
})

function claims(jti: string, more: Partial<TokenClaims> = {}): TokenClaims {
  return { jti, exp: Math.ceil(Date.now() / 1000) + HOUR, ...more }
}

/** A store without logs, and the same with all that it has. */
function logless(): { store: MemoryClient; withoutLogs: CacheClient } {
  const store = new MemoryClient({ maxEntries: 100, maxBytes: 100_000 }, systemClock)
  const withoutLogs = new Proxy<CacheClient>(store, {
    get: (_store, name) => {
      if (name === 'appendLog' || name === 'readLog') return undefined
      const member: unknown = Reflect.get(store, name)
      return typeof member === 'function' ? (member.bind(store) as unknown) : member
    },
  })
  return { store, withoutLogs }
}

async function revokedElsewhere(store: MemoryClient): Promise<{ id: string }> {
  const id = 'a'.repeat(32)
  await store.raise(`blacklist:${id}`, Math.ceil(Date.now() / 1000) + HOUR, HOUR * 1000)
  return { id }
}

/** Resolves when the copy of an instance is complete: it answers at once. */
async function vouched({ blacklist }: BlacklistInstance): Promise<void> {
  await eventually(() => blacklist.judge({ id: '0'.repeat(32), claims: {} }) === 'valid')
}

async function judged({ blacklist }: BlacklistInstance): Promise<string> {
  return blacklist.judge({ id: '0'.repeat(32), claims: {} })
}

/** Resolves when an instance has looked at Redis again, and with what it says of a token that nobody revoked. */
async function quietly(instance: BlacklistInstance): Promise<string> {
  await vouched(instance)
  return judged(instance)
}

/** Resolves when an instance refuses a token. */
async function knows({ blacklist }: BlacklistInstance, token: TokenClaims): Promise<void> {
  await eventually(async () => {
    expect(await blacklist.isRevoked(token)).to.equal(true)
  })
}
