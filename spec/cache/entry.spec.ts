import { inspect } from 'node:util'
import { expect } from 'chai'
import sinon from 'sinon'
import type { Cache } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { RedisServer } from '../support/redis-server'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

describe('Entries in Redis', () => {
  failOnUnhandledRejections()

  const pool = new CachePool()
  let server: RedisServer
  let cache: Cache

  before(async () => {
    server = await RedisServer.start()
  })

  beforeEach(async () => {
    await server.command('FLUSHALL')
    cache = await pool.connect(server)
  })

  after(() => server.close())

  /** What redis-cli shows of a key: the line that says what it is, word by word, and the value. */
  async function read(key: string): Promise<{ words: string[]; value: string }> {
    const [header = '', ...value] = (await server.command('GET', key)).split('\n')
    return { words: header.split(' '), value: value.join('\n') }
  }

  it('are one line that says what they are, then the value as JSON', async () => {
    const before = Date.now()
    await cache.set('user:42', { name: 'Ada', marks: [1, 2] }, '1h', { tags: ['school:7', 'a b,c'] })
    const { words, value } = await read('user:42')
    const [magic, kind, check, madeAt, count, length, tags, ...rest] = words
    expect([magic, kind]).to.deep.equal(['holdfast1', 'json'])
    expect(check).to.match(/^[\da-f]{16}$/)
    expect(Number(madeAt)).to.be.within(before, Date.now())
    expect(count).to.match(/^[\w-]+\.\d+$/)
    expect(length).to.equal(String(value.length))
    expect(tags).to.equal('school%3A7,a%20b%2Cc')
    expect(rest).to.deep.equal([])
    expect(value).to.equal('{"name":"Ada","marks":[1,2]}')
  })

  const forms: [value: unknown, kind: string, text: string][] = [
    ['Zoë 鍵', 'json', '"Zoë 鍵"'],
    ['two\nlines', 'json', '"two\\nlines"'],
    [null, 'json', 'null'],
    [0, 'json', '0'],
    ['', 'json', '""'],
    [undefined, 'undefined', ''],
    [Buffer.from('raw\nbytes'), 'bytes', 'raw\nbytes'],
  ]
  for (const [value, kind, text] of forms) {
    it(`show ${inspect(value)} as ${kind}`, async () => {
      await cache.set('value', value)
      const entry = await read('value')
      expect(entry.words[1]).to.equal(kind)
      expect(entry.value).to.equal(text)
      expect(await cache.has('value')).to.equal(true)
    })
  }

  it('keep bytes that are no text', async () => {
    const bytes = Buffer.from([0, 255, 10, 13, 128, 0])
    await cache.set('bytes', bytes)
    expect(await cache.get('bytes')).to.deep.equal(bytes)
  })

  it('of tags that nobody would think of are read again', async () => {
    const tags = ['%', ',', ' ', '\n', 'ä', '🗝️', 'x'.repeat(1000), ...Array.from({ length: 100 }, String)]
    await cache.set('user', 'Ada', '1h', { tags })
    expect(await cache.get('user')).to.equal('Ada')
    await cache.invalidateTags('\n')
    expect(await cache.get('user')).to.equal(undefined)
  })

  describe('are misses', () => {
    /** Asserts that what is under a key counts as nothing, and gives way to what is loaded. */
    async function expectMiss(key: string): Promise<void> {
      expect(await cache.get(key)).to.equal(undefined)
      expect(await cache.has(key)).to.equal(false)
      const load = sinon.fake.resolves('loaded')
      expect(await cache.getOrSet(key, load)).to.equal('loaded')
      expect(load.callCount).to.equal(1)
      expect(await cache.get(key)).to.equal('loaded')
    }

    const foreign = [
      'plain text',
      '{"json":true}',
      '"Ada"',
      '',
      '\n',
      '42',
      'holdfast1',
      'holdfast1 json',
      ' \n1',
    ]
    for (const text of foreign) {
      it(`when another program wrote them: ${JSON.stringify(text)}`, async () => {
        await server.command('SET', 'user', text)
        await expectMiss('user')
      })
    }

    const changes: [name: string, change: (entry: string) => string][] = [
      ['by another version', (entry) => entry.replace('holdfast1', 'holdfast2')],
      ['of a kind that nobody knows', (entry) => entry.replace(' json ', ' msgpack ')],
      ['with another check of the key', (entry) => entry.replace(/^(\S+ \S+ )\S+/, '$1AAAAAAAAAAAAAAAA')],
      ['with tags that cannot be read', (entry) => entry.replace('school', '%E0%A4%A')],
      ['with a count that is none', (entry) => entry.replace(/\S+\.\d+ /, 'x ')],
      ['with a word missing', (entry) => entry.replace(/ \S+\n/, '\n')],
      ['cut off in the header', (entry) => entry.slice(0, 20)],
      ['cut off after the header', (entry) => entry.slice(0, entry.indexOf('\n') + 1)],
      ['cut off in the value', (entry) => entry.slice(0, -3)],
      ['with something behind the value', (entry) => `${entry}}`],
    ]
    for (const [name, change] of changes) {
      it(`when they were written ${name}`, async () => {
        await cache.set('user', { name: 'Ada' }, '1h', { tags: ['school'] })
        const entry = await server.command('GET', 'user')
        const changed = change(entry)
        expect(changed).not.to.equal(entry)
        await server.command('SET', 'user', changed)
        await expectMiss('user')
      })
    }

    it('when they are bytes that were cut off', async () => {
      await cache.set('bytes', Buffer.from('abcdef'))
      const entry = await server.command('GET', 'bytes')
      await server.command('SET', 'bytes', entry.slice(0, -3))
      await expectMiss('bytes')
    })

    it('when they were renamed', async () => {
      await cache.set('user:1', 'Ada')
      await server.command('RENAME', 'user:1', 'user:2')
      await expectMiss('user:2')
    })

    it('when they were copied from another namespace', async () => {
      const school = await pool.connect(server, { namespace: 'school' })
      const shop = await pool.connect(server, { namespace: 'shop' })
      await school.set('user', 'Ada')
      await shop.set('other', 'so that shop has stamps')
      await server.command('COPY', 'school:user', 'shop:user')
      await server.command('COPY', 'school:user', 'user')
      expect(await shop.get('user')).to.equal(undefined)
      expect(await school.get('user')).to.equal('Ada')
      await expectMiss('user')
    })

    it('when what is there is no string', async () => {
      await server.command('RPUSH', 'user', 'Ada')
      await expectMiss('user')
    })
  })
})
