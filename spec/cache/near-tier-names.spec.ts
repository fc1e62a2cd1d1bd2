import { expect } from 'chai'
import { InvalidOptionError } from 'holdfast'
import type { Cache } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { isNear, untilNear } from '../support/near'
import { RedisServer } from '../support/redis-server'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

const KEYS = [
  '__proto__',
  'constructor',
  'holdfast:x',
  'holdfast:key:x',
  'holdfast:lease:{x}',
  'holdfast:pulse:{x}',
  'holdfast:{ns=}:floor',
  'holdfast:{ns=}:tag:a',
  'blacklist:x',
  'a:blacklist:x',
  ':',
  ':x',
  '{x}',
  '{',
  '}x{',
  ' ',
  'two\nlines\r\n',
  '\0',
  '\uFEFFmark',
  'Zoë 鍵 🗝️',
  'e\u0301',
  'x'.repeat(100_000),
]

describe('What is kept near goes by its name', () => {
  failOnUnhandledRejections()

  const pool = new CachePool()
  let server: RedisServer

  before(async () => {
    server = await RedisServer.start()
  })

  beforeEach(() => server.command('FLUSHALL'))

  after(() => server.close())

  async function two(options: object = {}): Promise<[reader: Cache, writer: Cache]> {
    return Promise.all([pool.connect(server, options), pool.connect(server, options)])
  }

  /** The writer's change is told to the reader. */
  async function expectTold(reader: Cache, writer: Cache, key: string): Promise<void> {
    await writer.set(key, { of: 'Ada' }, '1h', { tags: [key] })
    await untilNear(reader, key)
    await writer.set(key, { of: 'Grace' }, '1h', { tags: [key] })
    await reader.redis?.ping()
    expect(await reader.get(key)).to.deep.equal({ of: 'Grace' })
    await untilNear(reader, key)
    await writer.invalidateTags(key)
    await reader.redis?.ping()
    expect(await reader.get(key)).to.equal(undefined)
    await writer.set(key, { of: 'Mary' })
    await untilNear(reader, key)
    await writer.delete(key)
    await reader.redis?.ping()
    expect(await reader.get(key)).to.equal(undefined)
  }

  const arrangements: [title: string, options: object][] = [
    ['no namespace', {}],
    ['a namespace of several parts', { namespace: 'a:blacklist:b' }],
    ['a namespace that is not ASCII, in another database', { namespace: 'école-鍵', database: 3 }],
  ]
  for (const [title, options] of arrangements) {
    it(`with any key in ${title}`, async () => {
      const [reader, writer] = await two(options)
      for (const key of KEYS) await expectTold(reader, writer, key)
    })
  }

  for (const keyPrefix of ['é鍵:']) {
    it(`under the prefix ${keyPrefix} that node-redis puts before it`, async () => {
      const [reader, writer] = await two({ redis: { url: server.url, keyPrefix }, namespace: 'school' })
      for (const key of KEYS) await expectTold(reader, writer, key)
    })
  }

  it('with many keys at once none takes the place of another', async () => {
    const [reader, writer] = await two()
    for (const key of KEYS) await writer.set(key, { key })
    await untilNear(reader, ...KEYS)
    for (const key of KEYS) expect(await reader.get(key)).to.deep.equal({ key })
  })

  it('and is as it was after the same name in another database has changed', async () => {
    const [[reader], [, elsewhere]] = await Promise.all([two(), two({ database: 1 })])
    await reader.set('key', { of: 'Ada' }, '1h', { tags: ['tag'] })
    await untilNear(reader, 'key')
    await elsewhere.set('key', { of: 'Grace' }, '1h', { tags: ['tag'] })
    await elsewhere.invalidateTags('tag')
    await elsewhere.clear()
    await reader.redis?.ping()
    expect(await reader.get('key')).to.deep.equal({ of: 'Ada' })
    await untilNear(reader, 'key')
    expect(await elsewhere.get('key')).to.equal(undefined)
  })

  it('and stays when another namespace changes what has the same name there', async () => {
    const [[reader], [, elsewhere]] = await Promise.all([two({ namespace: 'a' }), two({ namespace: 'b' })])
    await reader.set('key', { of: 'Ada' }, '1h', { tags: ['tag'] })
    await untilNear(reader, 'key')
    const before = await reader.get('key')
    await elsewhere.set('key', { of: 'Grace' }, '1h', { tags: ['tag'] })
    await elsewhere.invalidateTags('tag')
    await elsewhere.delete('key')
    await elsewhere.clear()
    await reader.redis?.ping()
    expect(await reader.get('key')).to.equal(before)
    expect(await isNear(reader, 'key')).to.equal(true)
  })

  it('which UTF-8 has to be able to write, or Redis would tell of another', () => {
    expect(() => pool.open({ namespace: 'half a pair: \uD800'.replaceAll(' ', '-') })).to.throw(
      InvalidOptionError,
      'createCache: namespace',
    )
  })
})
