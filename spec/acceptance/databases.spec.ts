import { expect } from 'chai'
import { createTokenBlacklist } from 'holdfast'
import type { Cache } from 'holdfast'
import { anchored } from '../support/anchored'
import { CachePool } from '../support/cache-pool'
import { eventually } from '../support/eventually'
import { RedisServer } from '../support/redis-server'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

const TAGGED = { tags: ['school'] }

describe('On one server', () => {
  failOnUnhandledRejections()

  const pool = new CachePool()
  let server: RedisServer

  before(async () => {
    server = await RedisServer.start({ persistent: true })
  })

  beforeEach(() => server.command('FLUSHALL'))

  after(() => server.close())

  const arrangements: [name: string, mine: object, theirs: object][] = [
    ['two databases', { database: 0 }, { database: 1 }],
    ['two databases with one namespace', { database: 2, namespace: 'a' }, { database: 3, namespace: 'a' }],
    ['two namespaces', { namespace: 'a' }, { namespace: 'b' }],
    ['two namespaces that begin alike', { namespace: 'a' }, { namespace: 'a:b' }],
    ['a namespace and none', { namespace: 'a' }, {}],
    ['none and a namespace', {}, { namespace: 'a' }],
  ]
  for (const [name, ...places] of arrangements) {
    describe(name, () => {
      let mine: Cache
      let theirs: Cache

      beforeEach(async () => {
        const [one, other] = places
        ;[mine, theirs] = await Promise.all([pool.connect(server, one), pool.connect(server, other)])
      })

      it('have values of their own under the same keys', async () => {
        await mine.set('user', 'Ada')
        expect(await theirs.get('user')).to.equal(undefined)
        expect(await theirs.getOrSet('user', () => 'Grace')).to.equal('Grace')
        expect(await mine.get('user')).to.equal('Ada')
      })

      it('do not hear each other delete', async () => {
        await Promise.all([mine.set('user', 'Ada'), theirs.set('user', 'Grace')])
        await mine.delete('user')
        expect(await mine.has('user')).to.equal(false)
        expect(await theirs.get('user')).to.equal('Grace')
      })

      it('do not hear each other invalidate a tag', async () => {
        await Promise.all([mine.set('user', 'Ada', '1h', TAGGED), theirs.set('user', 'Grace', '1h', TAGGED)])
        await mine.invalidateTags('school')
        expect(await mine.has('user')).to.equal(false)
        expect(await theirs.get('user')).to.equal('Grace')
      })

      it('do not hear each other clear', async () => {
        await Promise.all([mine.set('user', 'Ada', '1h', TAGGED), theirs.set('user', 'Grace', '1h', TAGGED)])
        await mine.clear()
        expect(await mine.has('user')).to.equal(false)
        expect(await theirs.get('user')).to.equal('Grace')
      })

      it('do not hear each other during a load', async () => {
        const load = async () => {
          await Promise.all([mine.delete('user'), mine.invalidateTags('school'), mine.clear()])
          return 'Grace'
        }
        await theirs.set('other', 'so that there are stamps', '1h', TAGGED)
        expect(await theirs.getOrSet('user', load, '1h', TAGGED)).to.equal('Grace')
        expect(await theirs.get('user')).to.equal('Grace')
      })

      it('do not hear each other revoke', async () => {
        const [own, other] = [createTokenBlacklist({ cache: mine }), createTokenBlacklist({ cache: theirs })]
        const issuedAt = Math.floor(Date.now() / 1000) - 60
        const token = { jti: 'a', sub: 'ada', iat: issuedAt, exp: issuedAt + 3600 }
        const sibling = { ...token, jti: 'b' }
        expect(await own.revoke(token)).to.equal('redis')
        expect(await own.isRevoked(token)).to.equal(true)
        expect(await other.isRevoked(token)).to.equal(false)
        await own.revokeAll('ada')
        expect(await own.isRevoked(sibling)).to.equal(true)
        expect(await other.isRevoked(sibling)).to.equal(false)
      })

      it('keep their revocations when they clear', async () => {
        const blacklists = [mine, theirs].map((cache) => createTokenBlacklist({ cache }))
        const token = { jti: 'a', exp: Math.floor(Date.now() / 1000) + 3600 }
        await Promise.all(blacklists.map((blacklist) => blacklist.revoke(token)))
        await Promise.all([mine.clear(), theirs.clear()])
        for (const [index, cache] of [mine, theirs].entries()) {
          const place = { ...places[index] }
          const witness = createTokenBlacklist({ cache: await pool.connect(server, place) })
          expect(await witness.isRevoked(token), cache.prefix).to.equal(true)
        }
      })

      it('hear their own, after an outage, and not the other', async () => {
        await Promise.all([mine.set('user', 'Ada', '1h', TAGGED), theirs.set('user', 'Grace', '1h', TAGGED)])
        await Promise.all([mine.set('role', 'admin'), theirs.set('role', 'teacher')])
        await anchored(mine, theirs)
        await server.kill()
        await eventually(() => !mine.isConnected && !theirs.isConnected)
        await Promise.all([mine.invalidateTags('school'), mine.delete('role')])
        await server.start()
        await eventually(() => mine.isConnected && theirs.isConnected)
        expect([await mine.get('user'), await mine.get('role')]).to.deep.equal([undefined, undefined])
        expect([await theirs.get('user'), await theirs.get('role')]).to.deep.equal(['Grace', 'teacher'])
      })
    })
  }

  it('two caches of one database and one namespace hear each other', async () => {
    const [one, other] = await Promise.all([
      pool.connect(server, { namespace: 'a', database: 5 }),
      pool.connect(server, { namespace: 'a', database: 5 }),
    ])
    await one.set('user', 'Ada', '1h', TAGGED)
    expect(await other.get('user')).to.equal('Ada')
    await other.invalidateTags('school')
    expect(await one.get('user')).to.equal(undefined)
  })

  it('namespaces whose keys could meet never read each other', async () => {
    const [outer, inner] = await Promise.all([
      pool.connect(server, { namespace: 'a' }),
      pool.connect(server, { namespace: 'a:b' }),
    ])
    await outer.set('b:user', 'Ada')
    expect(await inner.get('user')).to.equal(undefined)
    await inner.set('user', 'Grace')
    expect(await outer.get('b:user')).not.to.equal('Grace')
  })
})
