import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { setImmediate as turn, setTimeout as lasting } from 'node:timers/promises'
import { expect } from 'chai'
import { createClient, RESP_TYPES } from 'redis'
import { CommandRefusedError } from 'holdfast'
import { RedisClient } from '../../lib/client/redis-client'
import { eventually } from '../support/eventually'
import { RedisServer } from '../support/redis-server'
import type { RedisServerOptions } from '../support/redis-server'

const LONG_MS = 60_000

// That it keeps the promises of the port is in spec/testing/client-contract.spec.ts.
describe('RedisClient', () => {
  const cleanups: (() => unknown)[] = []

  afterEach(async () => {
    for (const cleanUp of cleanups.splice(0).reverse()) await cleanUp()
  })

  async function start(options?: RedisServerOptions): Promise<RedisServer> {
    const server = await RedisServer.start(options)
    cleanups.push(() => server.close())
    return server
  }

  function clientOf(source: ConstructorParameters<typeof RedisClient>[0]): RedisClient {
    const client = new RedisClient(source)
    cleanups.push(() => {
      client.disconnect()
    })
    return client
  }

  async function connected(server: RedisServer): Promise<RedisClient> {
    const client = clientOf({ url: server.url })
    await client.connect()
    return client
  }

  describe('connecting', () => {
    it('makes no connection before it is told to', async () => {
      const server = await start()
      const client = clientOf({ url: server.url })
      expect(await failure(client.ping()))
        .to.be.instanceOf(Error)
        .and.not.instanceOf(CommandRefusedError)
      await client.connect()
      await client.ping()
    })

    it('rejects where nobody listens, and may be tried again', async () => {
      const server = await RedisServer.reserve()
      cleanups.push(() => server.close())
      const client = clientOf({ url: server.url })
      for (let attempt = 0; attempt < 2; attempt += 1) {
        expect(await failure(client.connect()))
          .to.have.property('message')
          .that.matches(/ECONNREFUSED/)
      }
      await server.start()
      await client.connect()
      await client.ping()
    })

    it('rejects with a wrong password, which the error does not show', async () => {
      const server = await start({ password: 'right' })
      const client = clientOf({ socket: { port: server.port }, password: 'hunter2' })
      expect(await failure(client.connect()))
        .to.have.property('message')
        .that.matches(/WRONGPASS/)
        .and.does.not.include('hunter2')
    })

    for (const turns of [0, 1, 5, 50]) {
      it(`rejects when it is disconnected ${String(turns)} turns after it began, and may be tried again`, async () => {
        const server = await start()
        await server.stop()
        const client = clientOf({ url: server.url })
        const connecting = failure(client.connect())
        for (let index = 0; index < turns; index += 1) await turn()
        client.disconnect()
        expect(await connecting).to.be.instanceOf(Error)
        await server.continue()
        await client.connect()
        await client.ping()
      })
    }

    for (const way of ['url', 'socket'] as const) {
      it(`leaves no socket behind where a TLS handshake is never answered (${way})`, async () => {
        const taken: Socket[] = []
        const silent = createServer((socket) => {
          taken.push(socket.on('error', () => undefined).resume())
        }).listen(0, '127.0.0.1')
        cleanups.push(() => silent.close())
        await once(silent, 'listening')
        const { port } = silent.address() as AddressInfo
        const host = '127.0.0.1'
        const client = clientOf(
          way === 'url' ? { url: `rediss://${host}:${String(port)}` } : { socket: { host, port, tls: true } },
        )
        const connecting = failure(client.connect())
        await eventually(() => taken.length === 1)
        client.disconnect()
        expect(await connecting).to.be.instanceOf(Error)
        await eventually(() => taken[0]?.destroyed === true, { withinMs: 1000 })
      })
    }
  })

  describe('losing its connection', () => {
    it('tells who asked to be told, with the cause, once', async () => {
      const server = await start()
      const client = await connected(server)
      const causes: string[] = []
      client.onDisconnect((cause) => causes.push(cause.message))
      await server.kill()
      await eventually(() => {
        expect(causes).to.have.length(1)
      })
      expect(causes[0]).to.match(/closed|ECONNRESET/i)
    })

    it('does not reconnect by itself, and does when it is told to', async () => {
      const server = await start()
      const client = await connected(server)
      let isLost = false
      client.onDisconnect(() => (isLost = true))
      await server.restart()
      await eventually(() => isLost)
      expect(client.redis.isOpen).to.equal(false)
      expect(await failure(client.ping())).to.be.instanceOf(Error)
      await client.connect()
      await client.ping()
    })

    it('rejects what is in flight when it is disconnected, and does not call it refused', async () => {
      const server = await start()
      const client = await connected(server)
      await server.stop()
      const inFlight = [failure(client.ping()), failure(client.getMany(['a']))]
      await turn()
      client.disconnect()
      for (const error of await Promise.all(inFlight)) {
        expect(error).to.be.instanceOf(Error).and.not.instanceOf(CommandRefusedError)
      }
    })

    it('lets what is in flight finish when it is closed', async () => {
      const server = await start()
      const client = await connected(server)
      const inFlight = client.set('a', Buffer.from('1'), LONG_MS)
      await client.close()
      await inFlight
      expect(await server.command('GET', 'a')).to.equal('1')
      await client.close()
    })
  })

  describe('telling a refusal from a server that cannot serve', () => {
    it('calls a command refused that finds another type of value under its key', async () => {
      const server = await start()
      const client = await connected(server)
      await server.command('LPUSH', 'list', '1')
      const error = await failure(client.raise('list', 1, LONG_MS))
      expect(error).to.be.instanceOf(CommandRefusedError)
      expect(error)
        .to.have.nested.property('cause.message')
        .that.matches(/WRONGTYPE/)
    })

    it('does not call a write refused that a full memory does not take', async () => {
      const server = await start()
      const client = await connected(server)
      await server.configSet('maxmemory', '1')
      const writes = [client.set('a', Buffer.from('1'), LONG_MS), client.stamp('counter', [], LONG_MS)]
      for (const error of await Promise.all(writes.map(failure))) {
        expect(error).to.have.property('message').that.matches(/OOM/)
        expect(error).to.not.be.instanceOf(CommandRefusedError)
      }
      await client.ping()
      await client.delete(['a'])
    })

    it('calls a command refused for which the user has no permission', async () => {
      const server = await start()
      await server.command('ACL', 'SETUSER', 'reader', 'on', '>word', '~*', '+@all', '-set')
      const client = clientOf({ socket: { port: server.port }, username: 'reader', password: 'word' })
      await client.connect()
      expect(await failure(client.set('a', Buffer.from('1'), LONG_MS))).to.be.instanceOf(CommandRefusedError)
    })

    it('does not call a write refused that a replica does not take', async () => {
      const server = await start()
      const client = await connected(server)
      await server.command('REPLICAOF', '127.0.0.1', '1')
      const writes = [
        client.set('a', Buffer.from('1'), LONG_MS),
        client.delete(['a']),
        client.stamp('counter', [], LONG_MS),
        client.ping(),
      ]
      for (const error of await Promise.all(writes.map(failure))) {
        expect(error)
          .to.have.property('message')
          .that.matches(/READONLY/)
        expect(error).to.not.be.instanceOf(CommandRefusedError)
      }
    })

    it('does not call a write refused that a master without its replicas does not take', async () => {
      const server = await start()
      const client = await connected(server)
      await server.configSet('min-replicas-to-write', '1')
      const error = await failure(client.set('a', Buffer.from('1'), LONG_MS))
      expect(error)
        .to.have.property('message')
        .that.matches(/NOREPLICAS/)
      expect(error).to.not.be.instanceOf(CommandRefusedError)
      expect(await failure(client.ping()))
        .to.have.property('message')
        .that.matches(/NOREPLICAS/)
    })
  })

  it('needs no script to be loaded, also after Redis has forgotten them', async () => {
    const server = await start()
    const client = await connected(server)
    await client.stamp('counter', ['tag'], LONG_MS)
    await server.command('SCRIPT', 'FLUSH')
    await client.stamp('counter', ['tag'], LONG_MS)
    expect(await server.command('GET', 'tag')).to.match(/\.[1-9]\d+$/)
  })

  it('keeps the order of what it was told, also after Redis has forgotten its scripts', async () => {
    const server = await start()
    const client = await connected(server)
    await server.command('SCRIPT', 'FLUSH')
    await Promise.all([client.set('key', Buffer.from('1'), LONG_MS), client.delete(['key'])])
    expect(await client.getMany(['key'])).to.deep.equal([undefined])
  })

  it('uses the database it was given', async () => {
    const server = await start()
    const [one, two] = [clientOf({ url: `${server.url}/1` }), clientOf({ url: server.url, database: 2 })]
    await Promise.all([one.connect(), two.connect()])
    await one.set('a', Buffer.from('1'), LONG_MS)
    expect(await two.getMany(['a'])).to.deep.equal([undefined])
    expect(await Promise.all([one.size(), two.size()])).to.deep.equal([1, 0])
  })

  it('counts the bytes that have arrived, and begins anew on each connection', async () => {
    const server = await start()
    const client = clientOf({ url: server.url })
    expect(client.bytesReceived()).to.equal(undefined)
    await client.connect()
    const greeted = Number(client.bytesReceived())
    expect(greeted).to.be.above(0)
    await client.set('a', Buffer.alloc(10_000), LONG_MS)
    await client.getMany(['a'])
    expect(Number(client.bytesReceived()) - greeted).to.be.within(10_000, 11_000)
    client.disconnect()
    await client.connect()
    expect(client.bytesReceived()).to.be.within(1, 9999)
  })

  it('counts the connections of others among those that Redis has', async () => {
    const server = await start()
    const [client] = await Promise.all([connected(server), connected(server), connected(server)])
    expect(await client.connections()).to.equal(3)
  })

  it('tells what Redis says of its memory', async () => {
    const client = await connected(await start())
    expect(await client.info()).to.include('used_memory:')
  })

  describe('given a node-redis client', () => {
    it('uses a connection of its own and leaves the one it was given open', async () => {
      const server = await start()
      const theirs = createClient({ url: server.url })
      theirs.on('error', () => undefined)
      cleanups.push(() => {
        theirs.destroy()
      })
      await theirs.connect()
      const client = clientOf(theirs)
      await client.connect()
      expect(client.redis).to.not.equal(theirs)
      await client.set('a', Buffer.from('1'), LONG_MS)
      expect(await theirs.get('a')).to.equal('1')
      client.disconnect()
      expect(await theirs.ping()).to.equal('PONG')
      await client.connect()
      await client.close()
      expect(await theirs.ping()).to.equal('PONG')
    })

    for (const way of ['url', 'options'] as const) {
      it(`borrows its password and its database, given as ${way}, also when it is not connected`, async () => {
        const server = await start({ password: 'pass word' })
        const theirs = createClient(
          way === 'url'
            ? { url: `${server.url}/3` }
            : { socket: { port: server.port }, password: 'pass word', database: 3 },
        )
        const client = clientOf(theirs)
        await client.connect()
        await client.set('a', Buffer.from('1'), LONG_MS)
        expect(await server.command('INFO', 'keyspace')).to.include('db3:keys=1')
        expect(theirs.isOpen).to.equal(false)
        await theirs.connect()
        expect(await theirs.get('a')).to.equal('1')
        theirs.destroy()
      })
    }

    it('does not take over its way of reconnecting, nor change it', async () => {
      const server = await start()
      const theirs = createClient({ url: server.url, socket: { reconnectStrategy: 10 } })
      theirs.on('error', () => undefined)
      cleanups.push(() => {
        theirs.destroy()
      })
      await theirs.connect()
      const client = clientOf(theirs)
      await client.connect()
      await server.restart()
      await eventually(() => theirs.isReady)
      expect(await theirs.ping()).to.equal('PONG')
      expect(client.redis.isOpen).to.equal(false)
    })

    it('does not take over its limits: of silence, of commands that wait, of their time', async () => {
      const server = await start()
      const limits = { commandsQueueMaxLength: 1, commandOptions: { timeout: 5 } }
      const theirs = createClient({ url: server.url, socket: { socketTimeout: 50 }, ...limits })
      const client = clientOf(theirs)
      let isLost = false
      client.onDisconnect(() => (isLost = true))
      await client.connect()
      await lasting(200)
      const keys = Array.from({ length: 20 }, (_, index) => String(index))
      await Promise.all(keys.map((key) => client.set(key, Buffer.from(key), LONG_MS)))
      expect(isLost).to.equal(false)
      expect(client.redis.options.commandOptions?.timeout).to.equal(undefined)
    })

    it('reads bytes, whatever protocol and types it was made for', async () => {
      const server = await start()
      for (const RESP of [2, 3] as const) {
        const theirs = createClient({
          url: server.url,
          RESP,
          commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: String } },
        })
        const client = clientOf(theirs)
        await client.connect()
        await client.set('a', Buffer.from([0, 255, 128]), LONG_MS)
        expect(await client.getMany(['a', 'b'])).to.deep.equal([Buffer.from([0, 255, 128]), undefined])
        expect(await client.ensureStamps(`counter ${String(RESP)}`, [], LONG_MS)).to.match(/^[\w-]+\.0$/)
      }
    })
  })
})

/** What a promise rejects with; `undefined` where it doesn't. */
async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
    return undefined
  } catch (error) {
    return error
  }
}
