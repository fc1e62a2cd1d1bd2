import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import type { Cache } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { eventually } from '../support/eventually'
import { untilNear } from '../support/near'
import { RedisServer } from '../support/redis-server'
import { TcpProxy } from '../support/tcp-proxy'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

const TAGGED = { tags: ['school', 'user'] }
const CHANGES = ['set', 'delete', 'invalidateTags', 'clear'] as const

describe('What is kept near and changes', () => {
  failOnUnhandledRejections()

  const pool = new CachePool()
  let server: RedisServer
  let proxy: TcpProxy
  let reader: Cache
  let writer: Cache

  before(async () => {
    server = await RedisServer.start()
  })

  beforeEach(async () => {
    await server.command('FLUSHALL')
    proxy = await TcpProxy.start(server.port)
    ;[reader, writer] = await Promise.all([
      pool.connect(server, { redis: `redis://127.0.0.1:${String(proxy.port)}` }),
      pool.connect(server),
    ])
  })

  afterEach(async () => {
    await pool.close()
    await proxy.close()
  })

  after(() => server.close())

  /** Changes a key, and says what is to be found from then on. */
  async function make(change: (typeof CHANGES)[number], cache: Cache, round = 0): Promise<unknown> {
    if (change === 'set') await cache.set('key', { new: round }, '1h', TAGGED)
    else if (change === 'delete') await cache.delete('key')
    else if (change === 'clear') await cache.clear()
    else await cache.invalidateTags('school')
    return change === 'set' ? { new: round } : undefined
  }

  /** What is told before the reply to this has been told by then. */
  async function roundTrip(cache: Cache): Promise<void> {
    await cache.redis?.ping()
  }

  /** What is being kept is kept by then, or never. */
  async function untilKept(cache: Cache): Promise<void> {
    for (let trip = 0; trip < 3; trip += 1) await roundTrip(cache)
  }

  for (const change of CHANGES) {
    it(`is not what a reading finds whose reply comes in one with the message of ${change}`, async () => {
      for (let round = 0; round < 12; round += 1) {
        await writer.set('key', { round }, '1h', TAGGED)
        await roundTrip(reader)
        proxy.throttleReplies(0)
        const reading = reader.get('key')
        // Time for the server to be asked; should that not do, the round proves nothing and breaks nothing.
        await delay(4)
        const expected = await make(change, writer, round)
        await delay(4)
        proxy.pass()
        await reading
        await untilKept(reader)
        expect(await reader.get('key')).to.deep.equal(expected)
      }
    })

    it(`is not what getOrSet finds whose reply comes in one with the message of ${change}`, async () => {
      for (let round = 0; round < 12; round += 1) {
        await writer.set('key', { round }, '1h', TAGGED)
        await roundTrip(reader)
        proxy.throttleReplies(0)
        const reading = reader.getOrSet('key', () => ({ made: round }), '1h', TAGGED)
        await delay(4)
        const expected = await make(change, writer, round)
        await delay(4)
        proxy.pass()
        await reading
        await untilKept(reader)
        const found = await reader.getOrSet('key', () => 'made', '1h', TAGGED)
        expect(found).to.deep.equal(expected ?? 'made')
      }
    })

    it(`is not what was read just before, when the message of ${change} comes while its time is asked`, async () => {
      for (let round = 0; round < 12; round += 1) {
        await writer.set('key', { round }, '1h', TAGGED)
        await roundTrip(reader)
        expect(await reader.get('key')).to.deep.equal({ round })
        proxy.throttleReplies(0)
        await delay(4)
        const expected = await make(change, writer, round)
        await delay(4)
        proxy.pass()
        await untilKept(reader)
        expect(await reader.get('key')).to.deep.equal(expected)
      }
    })

    it(`is not found any more by whom it is told when somebody else's ${change} is over`, async () => {
      for (let round = 0; round < 24; round += 1) {
        await writer.set('key', { round }, '1h', TAGGED)
        await roundTrip(reader)
        if (round % 2 === 0) await untilNear(reader, 'key')
        const others = Array.from({ length: round % 5 }, () => reader.get('key'))
        const expected = await make(change, writer, round)
        await roundTrip(reader)
        expect(await reader.get('key')).to.deep.equal(expected)
        await Promise.all(others)
        expect(await reader.get('key')).to.deep.equal(expected)
      }
    })

    it(`is not found any more by who has made the ${change}, whatever is read meanwhile`, async () => {
      for (let round = 0; round < 50; round += 1) {
        await reader.set('key', { round }, '1h', TAGGED)
        if (round % 3 === 0) await untilNear(reader, 'key')
        const others: Promise<unknown>[] = [reader.get('key'), reader.has('key')]
        const changing = make(change, reader, round)
        for (let other = 0; other < round % 6; other += 1) others.push(reader.get('key'))
        if (round % 2 === 0) await roundTrip(reader)
        others.push(reader.get('key'))
        const expected = await changing
        expect(await reader.get('key')).to.deep.equal(expected)
        await Promise.all(others)
        await untilKept(reader)
        expect(await reader.get('key')).to.deep.equal(expected)
      }
    })

    it(`is told of somebody else's ${change} though its reader has written the key by itself`, async () => {
      for (let round = 0; round < 12; round += 1) {
        await reader.set('key', { before: round }, '1h', TAGGED)
        await untilNear(reader, 'key')
        await reader.set('key', { round }, '1h', TAGGED)
        if (round % 2 === 0) await untilNear(reader, 'key')
        else expect(await reader.get('key')).to.deep.equal({ round })
        const expected = await make(change, writer, round)
        await roundTrip(reader)
        expect(await reader.get('key')).to.deep.equal(expected)
      }
    })
  }

  it('is not found after an own change that is acknowledged before its message has come', async () => {
    for (let round = 0; round < 3; round += 1) {
      await reader.set('key', { round })
      await untilNear(reader, 'key')
      proxy.throttleReplies(3)
      const changing = reader.set('key', { new: round })
      const meanwhile = reader.get('key')
      await changing
      expect(await reader.get('key')).to.deep.equal({ new: round })
      await meanwhile
      proxy.pass()
    }
  })

  it('is not what getOrSet finds while another value is being set', async () => {
    for (let round = 0; round < 12; round += 1) {
      await reader.set('key', { round })
      await untilNear(reader, 'key')
      const setting = reader.set('key', { new: round })
      expect(await reader.getOrSet('key', () => 'made')).to.deep.equal({ new: round })
      await setting
    }
  })

  it('is not what a load is about to store, when somebody else changes the key meanwhile', async () => {
    for (let round = 0; round < 12; round += 1) {
      await writer.delete('key')
      const loading = reader.getOrSet('key', async () => {
        await delay(1)
        return { loaded: round }
      })
      const reading = [reader.get('key'), delay(2).then(() => reader.get('key'))]
      await writer.set('key', { round })
      await Promise.all([loading, ...reading])
      await roundTrip(reader)
      expect(await reader.get('key')).to.deep.equal({ round })
      expect(await reader.getOrSet('key', () => 'made')).to.deep.equal({ round })
    }
  })

  it('is dropped with a tag that its reader has not named, and no other is', async () => {
    await writer.set('tagged', { of: 'Ada' }, '1h', { tags: ['a', 'b'] })
    await writer.set('other', { of: 'Grace' }, '1h', { tags: ['c'] })
    await untilNear(reader, 'tagged', 'other')
    const other = await reader.get('other')
    await writer.invalidateTags('b')
    await roundTrip(reader)
    expect(await reader.get('tagged')).to.equal(undefined)
    expect(await reader.get('other')).to.equal(other)
  })

  it('is dropped with a stamp of its tags that Redis has lost', async () => {
    await writer.set('key', { of: 'Ada' }, '1h', TAGGED)
    await untilNear(reader, 'key')
    await server.command('DEL', 'holdfast:{ns=}:tag:user')
    await roundTrip(reader)
    expect(await reader.get('key')).to.equal(undefined)
  })

  const commands: [title: string, ...command: string[]][] = [
    ['by hand', 'DEL', 'key'],
    ['to something that is no value of a cache', 'SET', 'key', 'x'],
    ['by its name', 'RENAME', 'key', 'elsewhere'],
    ['to be over at once', 'PEXPIRE', 'key', '1'],
    ['by a script', 'EVAL', "redis.call('DEL', 'key')", '0'],
    ['with all of its database', 'FLUSHDB'],
    ['with all of the server', 'FLUSHALL'],
    ['by a move to another database', 'MOVE', 'key', '7'],
  ]
  for (const [title, ...command] of commands) {
    it(`is no longer found when it is changed ${title}`, async () => {
      await writer.set('key', { of: 'Ada' })
      await untilNear(reader, 'key')
      await server.command(...command)
      if (command[0] === 'PEXPIRE') await delay(5)
      await roundTrip(reader)
      expect(await reader.get('key')).to.equal(undefined)
    })
  }

  it('is found again after a flush, and told of as before', async () => {
    await writer.set('key', { of: 'Ada' })
    await untilNear(reader, 'key')
    await server.command('FLUSHALL')
    await writer.set('key', { of: 'Grace' })
    await untilNear(reader, 'key')
    await writer.set('key', { of: 'Mary' })
    await roundTrip(reader)
    expect(await reader.get('key')).to.deep.equal({ of: 'Mary' })
  })

  it('is not found beyond the next proof when somebody swaps the databases, of which nothing is told', async () => {
    await writer.set('key', { of: 'Ada' })
    await untilNear(reader, 'key')
    await server.command('SWAPDB', '0', '5')
    await eventually(async () => (await reader.get('key')) === undefined)
    await eventually(() => reader.isConnected)
    expect(await reader.get('key')).to.equal(undefined)
    await server.command('SWAPDB', '0', '5')
  })
})
