import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import { CommandRefusedError } from 'holdfast'
import { ReadBatch } from '../../lib/client/read-batch'
import { RedisClient } from '../../lib/client/redis-client'
import { eventually } from '../support/eventually'
import { RedisServer } from '../support/redis-server'
import type { RedisServerOptions } from '../support/redis-server'
import { rejection } from '../support/rejection'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

const LONG_MS = 60_000

describe('The reads of a turn', () => {
  failOnUnhandledRejections()

  const cleanups: (() => unknown)[] = []

  afterEach(async () => {
    for (const cleanUp of cleanups.splice(0).reverse()) await cleanUp()
  })

  async function start(options?: RedisServerOptions): Promise<RedisServer> {
    const server = await RedisServer.start(options)
    cleanups.push(() => server.close())
    return server
  }

  async function connected({ port }: RedisServer, username?: string): Promise<RedisClient> {
    const login = username === undefined ? {} : { username, password: 'word' }
    const client = new RedisClient({ socket: { port }, ...login })
    cleanups.push(() => {
      client.disconnect()
    })
    await client.connect()
    return client
  }

  /** How many commands have read from a server, refused ones too. */
  async function commandsOf(server: RedisServer): Promise<number> {
    const stats = await server.command('INFO', 'commandstats')
    const [, calls = 0, rejected = 0] = /mget:calls=(\d+).*rejected_calls=(\d+)/.exec(stats) ?? []
    return Number(calls) + Number(rejected)
  }

  /** A batch whose commands can be looked at. */
  function watched(client: RedisClient): { batch: ReadBatch; sent: (readonly string[])[] } {
    const sent: (readonly string[])[] = []
    const batch = new ReadBatch(async (keys) => {
      sent.push(keys)
      const values = await client.getMany(keys)
      return values.map((value) => value ?? null)
    })
    return { batch, sent }
  }

  it('are one command, in which each key stands once', async () => {
    const { batch, sent } = watched(await connected(await start()))
    await Promise.all([batch.read(['a', 'floor']), batch.read(['b', 'floor']), batch.read(['a'])])
    expect(sent).to.deep.equal([['a', 'floor', 'b']])
  })

  it('are all reads that are asked for in answer to one', async () => {
    const server = await start()
    const client = await connected(server)
    const reader = async (depth: number): Promise<void> => {
      await client.getMany(['a'])
      for (let step = 0; step < depth; step += 1) await Promise.resolve()
      await client.getMany([String(depth)])
    }
    await Promise.all(Array.from({ length: 10 }, (_, depth) => reader(depth)))
    expect(await commandsOf(server)).to.equal(2)
  })

  it('are not kept waiting for those of the next turn', async () => {
    const server = await start()
    const client = await connected(server)
    const first = client.getMany(['a'])
    await turn()
    await Promise.all([first, client.getMany(['a'])])
    expect(await commandsOf(server)).to.equal(2)
  })

  it('give each caller its own values in its own order', async () => {
    const client = await connected(await start())
    await Promise.all(['a', 'b', 'c'].map((key) => client.set(key, Buffer.from(key), LONG_MS)))
    const wanted = [['c', 'a'], ['b'], ['none', 'b', 'c', 'b'], ['none']]
    const found = await Promise.all(wanted.map((keys) => client.getMany(keys)))
    expect(found.map((values) => values.map(String))).to.deep.equal([
      ['c', 'a'],
      ['b'],
      ['undefined', 'b', 'c', 'b'],
      ['undefined'],
    ])
  })

  it('go by the keys as they were when they were asked for', async () => {
    const client = await connected(await start())
    await client.set('a', Buffer.from('1'), LONG_MS)
    const keys = ['a']
    const found = client.getMany(keys)
    keys[0] = 'b'
    expect((await found).map(String)).to.deep.equal(['1'])
  })

  it('are sent behind the writes that came before them', async () => {
    const client = await connected(await start())
    await client.ensureStamps('counter', [], LONG_MS)
    const joined = client.getMany(['other'])
    const writes = [client.set('a', Buffer.from('1'), LONG_MS), client.stamp('counter', ['tag'], LONG_MS)]
    const [value, count, stamp] = await client.getMany(['a', 'counter', 'tag'])
    expect(String(value)).to.equal('1')
    expect(String(count)).to.equal(String(stamp))
    await Promise.all([joined, ...writes])
  })

  describe('of which one is refused', () => {
    it('fail only who asked for what it may not have', async () => {
      const server = await start()
      await server.command('ACL', 'SETUSER', 'reader', 'on', '>word', '~mine*', '~holdfast:*', '+@all')
      const client = await connected(server, 'reader')
      await client.set('mine', Buffer.from('1'), LONG_MS)
      const reads = [['mine'], ['theirs'], ['mine', 'mine:too']].map((keys) => client.getMany(keys))
      expect((await reads[0])?.map(String)).to.deep.equal(['1'])
      expect(await rejection(reads[1] ?? Promise.resolve())).to.be.instanceOf(CommandRefusedError)
      expect((await reads[2])?.map(String)).to.deep.equal(['1', 'undefined'])
      expect(await commandsOf(server)).to.equal(4)
    })

    it('are sent one by one where Redis takes no keys of different slots together', async () => {
      const server = await start({ args: ['--cluster-enabled', 'yes'] })
      await server.command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
      await eventually(async () => (await server.command('CLUSTER', 'INFO')).includes('cluster_state:ok'))
      const client = await connected(server)
      const reads = ['a', 'b'].map((key) => client.getMany([key]))
      expect(await Promise.all(reads)).to.deep.equal([[undefined], [undefined]])
    })
  })

  it('all fail with a server that cannot serve, which is asked once', async () => {
    const server = await start()
    const client = await connected(server)
    await server.configSet('replica-serve-stale-data', 'no')
    await server.command('REPLICAOF', '127.0.0.1', '1')
    const { batch, sent } = watched(client)
    for (const error of await Promise.all([batch.read(['a']), batch.read(['b'])].map(rejection))) {
      expect(error)
        .to.have.property('message')
        .that.matches(/MASTERDOWN/)
      expect(error).to.not.be.instanceOf(CommandRefusedError)
    }
    expect(sent).to.have.length(1)
  })

  it('are several commands where they are many, and none is torn apart', async () => {
    const { batch, sent } = watched(await connected(await start()))
    const wanted = Array.from({ length: 100 }, (_, read) =>
      [0, 1, 2, 3, 4].map((key) => `${String(read)}:${String(key)}`),
    )
    await Promise.all(wanted.map((keys) => batch.read(keys)))
    expect(sent.flat()).to.deep.equal(wanted.flat())
    expect(sent.map(({ length }) => length)).to.deep.equal([255, 245])
  })

  it('are several commands where the values are long, until they are short again', async () => {
    const client = await connected(await start())
    const { batch, sent } = watched(client)
    const commands = async (): Promise<number> => {
      sent.length = 0
      await Promise.all(['a', 'b', 'c', 'd'].map((key) => batch.read([key])))
      return sent.length
    }
    expect(await commands()).to.equal(1)
    for (const key of ['a', 'b', 'c', 'd']) await client.set(key, Buffer.alloc(300_000), LONG_MS)
    for (let round = 0; round < 20; round += 1) await commands()
    expect(await commands()).to.equal(4)
    await client.delete(['a', 'b', 'c', 'd'])
    for (let round = 0; round < 20; round += 1) await commands()
    expect(await commands()).to.equal(1)
  })

  it('are in flight when the connection is dropped, also if they have not been sent', async () => {
    const client = await connected(await start())
    const reads = [client.getMany(['a']), client.getMany(['b'])].map(rejection)
    client.disconnect()
    for (const error of await Promise.all(reads)) {
      expect(error).to.be.instanceOf(Error).and.not.instanceOf(CommandRefusedError)
    }
    await client.connect()
    expect(await client.getMany(['a'])).to.deep.equal([undefined])
  })

  it('are in flight when the connection is closed, also if they have not been sent', async () => {
    const client = await connected(await start())
    await client.set('a', Buffer.from('1'), LONG_MS)
    const reads = [client.getMany(['a']), client.getMany(['a', 'b'])]
    await client.close()
    expect((await Promise.all(reads)).map(String)).to.deep.equal(['1', '1,'])
    expect(await rejection(client.getMany(['a']))).to.be.instanceOf(Error)
  })
})
