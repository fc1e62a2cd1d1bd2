import { inspect } from 'node:util'
import { expect } from 'chai'
import { InvalidOptionError } from 'holdfast'
import type { Cache, CacheOptions } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { eventually } from '../support/eventually'
import { untilNear } from '../support/near'
import { RedisServer } from '../support/redis-server'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

const TEXT = 'all work and no play '.repeat(200)

describe('Compression', () => {
  failOnUnhandledRejections()

  const pool = new CachePool()
  let server: RedisServer

  before(async () => {
    server = await RedisServer.start()
  })

  beforeEach(() => server.command('FLUSHALL'))

  after(() => server.close())

  function open(options: CacheOptions): Promise<Cache> {
    return pool.connect(server, { nearCache: false, ...options })
  }

  async function kindOf(key: string): Promise<string | undefined> {
    return (await server.command('GETRANGE', key, '0', '40')).split(' ')[1]
  }

  async function bytesOf(key: string): Promise<number> {
    return Number(await server.command('STRLEN', key))
  }

  const values: [name: string, value: unknown][] = [
    ['json', { text: TEXT }],
    ['rich', { text: TEXT, at: new Date(0), all: new Map([['a', 1n]]) }],
    ['bytes', Buffer.from(TEXT)],
  ]
  for (const [kind, value] of values) {
    it(`makes ${kind} smaller in Redis, and gives it back as it was`, async () => {
      const cache = await open({ compress: true })
      expect(await cache.set('set', value)).to.equal('redis')
      expect(await cache.getOrSet('loaded', () => value)).to.deep.equal(value)
      await eventually(() => cache.has('loaded'))
      for (const key of ['set', 'loaded']) {
        expect(await kindOf(key)).to.equal(`${kind}+deflate`)
        expect(await bytesOf(key)).to.be.below(TEXT.length / 10)
        expect(await cache.get(key)).to.deep.equal(value)
        expect(await cache.has(key)).to.equal(true)
      }
    })
  }

  it('is of no concern to small values, nor to those that it does not make smaller', async () => {
    const cache = await open({ compress: 100 })
    const noise = Buffer.from(
      Array.from({ length: 1000 }, (_, index) => Math.imul(index + 7, 2_654_435_761) >>> 24),
    )
    await cache.setMany<unknown>([
      ['small', 'x'.repeat(90)],
      ['large', 'x'.repeat(110)],
      ['noise', noise],
    ])
    expect(await Promise.all(['small', 'large'].map(kindOf))).to.deep.equal(['json', 'json+deflate'])
    expect(await cache.get('noise')).to.deep.equal(noise)
  })

  it('of other instances is read without the option', async () => {
    const [packing, plain] = [await open({ compress: true }), await open({})]
    await packing.set('key', { text: TEXT })
    expect(await plain.get('key')).to.deep.equal({ text: TEXT })
    await plain.set('key', { text: TEXT, more: 1 })
    expect(await kindOf('key')).to.equal('json')
    expect(await packing.get('key')).to.deep.equal({ text: TEXT, more: 1 })
  })

  it('does not come between a value and its reader in process', async () => {
    const cache = await open({ compress: true, nearCache: {} })
    await cache.set('key', { text: TEXT })
    await eventually(async () => (await cache.get('key')) === (await cache.get('key')))
    await cache.set('date', { text: TEXT, at: new Date(0) })
    for (let reading = 0; reading < 5; reading += 1)
      expect(await cache.get('date')).to.deep.equal({ text: TEXT, at: new Date(0) })
  })

  it('makes no value smaller that is kept in process', async () => {
    const keys = Array.from({ length: 60 }, (_, index) => `key:${String(index)}`)
    const cache = await open({ compress: true, nearCache: { maxBytes: 10 * TEXT.length } })
    for (const key of keys) await cache.set(key, { text: TEXT })
    const first = await Promise.all(keys.map((key) => cache.get(key)))
    await untilNear(cache, 'key:59')
    const second = await Promise.all(keys.map((key) => cache.get(key)))
    expect(second.filter((value, index) => value === first[index])).to.have.length.below(10)
  })

  it('that was damaged, or comes to more bytes than a value may have, is a miss', async () => {
    const cache = await open({ compress: true })
    await cache.set('key', { text: TEXT })
    const small = await open({ maxValueBytes: 1000 })
    expect(await small.get('key')).to.equal(undefined)
    await server.command('SETRANGE', 'key', String((await bytesOf('key')) - 20), 'damaged')
    expect(await cache.get('key')).to.equal(undefined)
  })

  it('goes on while Redis is away', async () => {
    const own = await RedisServer.start()
    const cache = await pool.connect(own, { compress: true, nearCache: false, commandTimeout: 100 })
    await own.close()
    await eventually(() => !cache.isConnected)
    expect(await cache.set('key', { text: TEXT })).to.equal('memory')
    expect(await cache.get('key')).to.deep.equal({ text: TEXT })
  })

  for (const compress of [0, -1, 1.5, 'gzip', {}]) {
    it(`of ${inspect(compress)} is refused`, () => {
      const options = { redis: false, logger: false, compress } as CacheOptions
      expect(() => pool.open(options)).to.throw(InvalidOptionError, /^createCache: compress: expected /)
    })
  }
})
