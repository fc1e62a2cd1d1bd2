import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { createClient } from 'redis'
import type { RedisClientOptions } from 'redis'
import { RedisClient } from '../../lib/client/redis-client'
import { eventually } from '../support/eventually'
import { RecordingLogger } from '../support/recording-logger'
import { RedisServer } from '../support/redis-server'
import { rejection } from '../support/rejection'

const LONG_MS = 60_000
const VALUE = Buffer.from('made')
const KEYS = ['key', 'app:key', 'app:{1}:key', '{app}:key', 'ü\n']

describe('The leases of RedisClient', () => {
  let server: RedisServer
  let logger: RecordingLogger
  let clients: RedisClient[]

  beforeEach(async () => {
    server = await RedisServer.start()
    logger = new RecordingLogger()
    clients = []
  })

  afterEach(async () => {
    for (const client of clients) client.disconnect()
    await server.close()
  })

  async function connected(options: RedisClientOptions = {}): Promise<RedisClient> {
    const client = new RedisClient({ socket: { port: server.port }, ...options }, logger)
    clients.push(client)
    await client.connect()
    return client
  }

  /** A client, and what it was told since it was last asked for. */
  async function listening(options: RedisClientOptions = {}) {
    const client = await connected(options)
    const told: (string | undefined)[] = []
    client.onChange((key) => told.push(key))
    return { client, told }
  }

  describe('in Redis', () => {
    it('are in the slot of their key', async () => {
      const clustered = await RedisServer.start({ args: ['--cluster-enabled', 'yes'] })
      try {
        const client = await connected()
        for (const key of KEYS) {
          await server.command('FLUSHALL')
          await client.lease(key, 'one', LONG_MS)
          const names = (await client.redis.keys('*')).toSorted()
          expect(names.map((name) => name.slice(0, 15))).to.deep.equal(['holdfast:lease:', 'holdfast:pulse:'])
          for (const name of names) {
            expect(await clustered.command('CLUSTER', 'KEYSLOT', name)).to.equal(
              await clustered.command('CLUSTER', 'KEYSLOT', key),
            )
          }
        }
      } finally {
        await clustered.close()
      }
    })

    it('leave nothing behind', async () => {
      const client = await connected()
      for (const [index, end] of [
        () => client.release({ key: 'key', token: 'one' }),
        () => client.setLeased('key', VALUE, { token: 'one', ttlMs: LONG_MS }),
        () => client.set('key', VALUE, LONG_MS),
        () => client.delete(['key']),
      ].entries()) {
        await client.lease('key', 'one', LONG_MS)
        await end()
        expect(await client.size(), String(index)).to.equal(index === 1 || index === 2 ? 1 : 0)
      }
    })

    it('let no value be stored after a deletion that came in between', async () => {
      const [maker, other] = [await connected(), await connected()]
      for (let round = 0; round < 200; round += 1) {
        await maker.lease('key', 'one', LONG_MS)
        const [isStored] = await Promise.all([
          maker.setLeased('key', VALUE, { token: 'one', ttlMs: LONG_MS }),
          other.delete(['key']),
        ])
        // Whichever came first, nothing is there after both.
        expect(await maker.getMany(['key']), `stored: ${String(isStored)}`).to.deep.equal([undefined])
      }
    })

    it('are one for all connections', async () => {
      const all = await Promise.all(Array.from({ length: 5 }, () => connected()))
      for (let round = 0; round < 20; round += 1) {
        const answers = await Promise.all(
          all.flatMap((client, index) =>
            [1, 2, 3, 4].map((time) =>
              client.lease(`key ${String(round)}`, `${String(index)} ${String(time)}`, LONG_MS),
            ),
          ),
        )
        expect(answers.filter((left) => left === 0)).to.have.length(1)
      }
    })
  })

  describe('telling of changes', () => {
    const WAYS: Record<string, (other: RedisClient, key: string) => Promise<unknown>> = {
      deletes: (other, key) => other.delete([key]),
      sets: (other, key) => other.set(key, VALUE, LONG_MS),
      'stores under the lease': (other, key) =>
        other.setLeased(key, VALUE, { token: 'other', ttlMs: LONG_MS }),
      releases: (other, key) => other.release({ key, token: 'other' }),
    }

    for (const [way, change] of Object.entries(WAYS)) {
      it(`tells who has asked for a lease in vain when its holder ${way}`, async () => {
        const [{ client, told }, other] = [await listening(), await connected()]
        for (const key of KEYS) {
          await other.lease(key, 'other', LONG_MS)
          expect(await client.lease(key, 'one', LONG_MS)).to.be.above(0)
          told.length = 0
          await change(other, key)
          await eventually(() => {
            expect(told).to.deep.equal([key])
          })
        }
      })
    }

    for (const way of ['deletes', 'sets'] as const) {
      for (const [kind, hold] of Object.entries({
        taken: () => Promise.resolve(),
        prolonged: (client: RedisClient) => client.lease('key', 'one', LONG_MS),
        kept: (client: RedisClient) => client.keepLeases([{ key: 'key', token: 'one' }], LONG_MS),
      })) {
        it(`tells who has ${kind} a lease when another ${way} the key`, async () => {
          const [{ client, told }, other] = [await listening(), await connected()]
          await client.lease('key', 'one', LONG_MS)
          await hold(client)
          // What it is told of its own writes comes ahead of an answer that is asked for later.
          await client.ping()
          told.length = 0
          await WAYS[way]?.(other, 'key')
          await eventually(() => {
            expect(told).to.deep.equal(['key'])
          })
        })
      }
    }

    it('says that it does so', async () => {
      expect((await connected()).tellsChanges()).to.equal(true)
    })

    it('tells nobody of the lease that it takes itself', async () => {
      const { client, told } = await listening()
      await client.lease('key', 'one', LONG_MS)
      await client.ping()
      expect(told).to.deep.equal([])
    })

    it('tells who has read a key, there or not, when another changes it', async () => {
      const [{ client, told }, other] = [await listening(), await connected()]
      await other.set('there', VALUE, LONG_MS)
      await client.getMany(['there', 'not there'])
      await other.delete(['there'])
      await other.set('not there', VALUE, LONG_MS)
      await eventually(() => {
        expect(told).to.deep.equal(['there', 'not there'])
      })
    })

    it('tells that anything may have changed when all is flushed', async () => {
      const { client, told } = await listening()
      await client.lease('key', 'one', LONG_MS)
      await server.command('FLUSHALL')
      await eventually(() => {
        expect(told).to.deep.equal([undefined])
      })
    })

    it('goes on after a reconnect', async () => {
      const [{ client, told }, other] = [await listening(), await connected()]
      client.disconnect()
      await client.connect()
      await client.lease('key', 'one', LONG_MS)
      await other.delete(['key'])
      await eventually(() => {
        expect(told).to.deep.equal(['key'])
      })
    })

    it('knows its keys behind a prefix of node-redis', async () => {
      const options = { keyPrefix: 'app:' }
      const [{ client, told }, other] = [await listening(options), await connected(options)]
      await client.lease('key', 'one', LONG_MS)
      await client.getMany(['read'])
      await Promise.all([other.delete(['key']), other.set('read', VALUE, LONG_MS)])
      await eventually(() => {
        expect(told.toSorted()).to.deep.equal(['key', 'read'])
      })
    })

    it('is not in the way of a client that was made with a cache of its own', async () => {
      const theirs = createClient({ url: server.url, clientSideCache: { ttl: LONG_MS } })
      const client = new RedisClient(theirs, logger)
      clients.push(client)
      const told: unknown[] = []
      client.onChange((key) => told.push(key))
      await client.connect()
      await client.lease('key', 'one', LONG_MS)
      await (await connected()).delete(['key'])
      await eventually(() => {
        expect(told).to.deep.equal(['key'])
      })
    })
  })

  describe('without CLIENT TRACKING', () => {
    const credentials = { username: 'app', password: 'word' }

    beforeEach(() =>
      server.command('ACL', 'SETUSER', 'app', 'on', '>word', '~*', '+@all', '-client|tracking'),
    )

    it('connects and works where it is not permitted, and says so once', async () => {
      const client = new RedisClient({ socket: { port: server.port }, ...credentials }, logger)
      clients.push(client)
      const told: unknown[] = []
      const lost: Error[] = []
      client.onChange((key) => told.push(key))
      client.onDisconnect((cause) => lost.push(cause))
      for (let time = 0; time < 3; time += 1) {
        await client.connect()
        expect(await client.lease('key', 'one', LONG_MS)).to.equal(0)
        client.disconnect()
      }
      await client.connect()
      const bytes = Buffer.from([0, 255, 128])
      expect(await client.setLeased('key', bytes, { token: 'one', ttlMs: LONG_MS })).to.equal(true)
      expect(await client.getMany(['key'])).to.deep.equal([bytes])
      expect(client.redis.isReady).to.equal(true)
      expect(client.tellsChanges()).to.equal(false)
      await server.command('DEL', 'key')
      await delay(20)
      expect([told, lost]).to.deep.equal([[], []])
      expect(logger.lines).to.have.length(1)
      expect(logger.lines[0]).to.include({ level: 'info', message: 'Redis does not permit CLIENT TRACKING' })
      expect(logger.lines[0]).to.have.nested.property('details.remedy', 'ACL SETUSER … +client|tracking')
      expect(logger.lines[0])
        .to.have.nested.property('details.cause')
        .that.matches(/^NOPERM/)
    })

    it('tells that it has lost its connection, and connects again', async () => {
      const client = await connected(credentials)
      const lost: Error[] = []
      client.onDisconnect((cause) => lost.push(cause))
      const former = String(await client.redis.clientId())
      await server.command('CLIENT', 'KILL', 'ID', former)
      await eventually(() => {
        expect(lost).to.have.length(1)
      })
      await client.connect()
      await client.ping()
    })

    it('works for a client that it borrows its options from', async () => {
      const theirs = createClient({ socket: { port: server.port }, ...credentials })
      const client = new RedisClient(theirs, logger)
      clients.push(client)
      await client.connect()
      await client.set('key', VALUE, LONG_MS)
      expect(await client.getMany(['key'])).to.deep.equal([VALUE])
    })

    for (const turns of [1, 5, 20]) {
      it(`rejects when it is disconnected ${String(turns)} turns after it began, and may be tried again`, async () => {
        const client = new RedisClient({ socket: { port: server.port }, ...credentials }, logger)
        clients.push(client)
        for (let time = 0; time < 5; time += 1) {
          const connecting = client.connect().then(
            () => 'connected',
            () => 'rejected',
          )
          for (let index = 0; index < turns; index += 1) await turn()
          client.disconnect()
          // It may have been there already.
          await connecting
          expect(client.redis.isOpen).to.equal(false)
        }
        await client.connect()
        await client.ping()
        expect(logger.lines).to.have.length(1)
      })
    }

    it('takes no other refusal for this one', async () => {
      const wrong = new RedisClient(
        { socket: { port: server.port }, ...credentials, password: 'wrong' },
        logger,
      )
      expect(await rejection(wrong.connect()))
        .to.have.property('message')
        .that.matches(/^WRONGPASS/)
      expect(logger.lines).to.deep.equal([])
    })

    it('works with the older protocol', async () => {
      const theirs = createClient({ url: server.url, RESP: 2 })
      const client = new RedisClient(theirs, logger)
      clients.push(client)
      await client.connect()
      expect(client.tellsChanges()).to.equal(false)
      expect(await client.lease('key', 'one', LONG_MS)).to.equal(0)
      expect(await client.lease('key', 'other', LONG_MS)).to.be.above(0)
      expect(await client.keepLeases([{ key: 'key', token: 'one' }], LONG_MS)).to.deep.equal([true])
      expect(await client.setLeased('key', VALUE, { token: 'one', ttlMs: LONG_MS })).to.equal(true)
      expect(logger.lines).to.deep.equal([])
    })
  })
})
