import { expect } from 'chai'
import express from 'express'
import type { Cache } from 'holdfast'
import { lifeOf } from '../../lib/http/stored-response'
import { CachedSite, statusOf } from '../support/cached-site'
import { eventually } from '../support/eventually'
import { RedisServer } from '../support/redis-server'
import { stored } from '../support/stored-response'
import type { Route } from '../support/ways-of-sending'

describe('ResponseStore', () => {
  let redis: RedisServer
  const sites: CachedSite[] = []

  before(async () => {
    redis = await RedisServer.start()
  })

  afterEach(async () => {
    for (const site of sites.splice(0)) await site.close()
  })

  after(() => redis.close())

  const host = { host: 'site.example' }

  async function siteOver(route: Route, nearCache: false | object = false): Promise<CachedSite> {
    const site = await CachedSite.start(express, { redis: redis.url, nearCache })
    sites.push(site)
    await eventually(() => site.cache.isConnected)
    site.serve(route, '5m')
    return site
  }

  const byLanguage: Route = (req, res) => res.vary('Accept-Language').send(req.headers['accept-language'])

  it('has a variant for who asks next, in Redis as in memory', async () => {
    const site = await siteOver(byLanguage)
    for (const language of ['el', 'de']) {
      await site.get({ ...host, 'accept-language': language })
      expect(await site.status({ ...host, 'accept-language': language })).to.match(/^hit/)
    }
  })

  it('shares variants with other processes', async () => {
    const [one, other] = [await siteOver(byLanguage), await siteOver(byLanguage)]
    await one.get({ ...host, 'accept-language': 'fr' })
    await eventually(async () => (await other.status({ ...host, 'accept-language': 'fr' })).startsWith('hit'))
  })

  it('tells apart what varies by this and what by that, and has the latest of what fits', async () => {
    let by = 'X-One'
    const site = await siteOver((req, res) => {
      res.vary(by).send(`${by}: ${String(req.headers[by.toLowerCase()])}`)
    })
    const asked = { host: 'other.example', 'x-one': '1' }
    await site.get(asked)
    by = 'X-Two'
    expect((await site.get({ ...asked, 'x-one': '2', 'x-two': '2' })).text).to.equal('X-Two: 2')
    await eventually(async () => (await site.get({ ...asked, 'x-two': '2' })).text === 'X-Two: 2')
    expect((await site.get({ ...asked, 'x-two': '3' })).text).to.equal('X-One: 1')
  })

  it('has for all what does not vary any more, and says that it is stored (RFC 9111 §4.1)', async () => {
    let varies = true
    const site = await siteOver((req, res) => {
      if (varies) res.vary('X-One')
      res.send(varies ? `for ${String(req.headers['x-one'])}` : 'for all')
    })
    const asked = { host: 'fourth.example' }
    await site.get({ ...asked, 'x-one': '1' })
    varies = false
    expect(await site.status({ ...asked, 'x-one': '2' })).to.equal('fwd=vary-miss; stored')
    await eventually(async () => (await site.status({ ...asked, 'x-one': '3' })).startsWith('hit'))
    for (const one of ['2', '1']) {
      const answer = await site.get({ ...asked, 'x-one': one })
      expect([statusOf(answer).slice(0, 3), answer.text]).to.deep.equal(['hit', 'for all'])
    }
  })

  it('answers from a copy in process, until somebody else drops it', async () => {
    let value = 'old'
    const [one, other] = [
      await siteOver((_req, res) => res.send(value), {}),
      await siteOver((_req, res) => res.send(value), {}),
    ]
    const asked = { host: 'third.example' }
    await one.get(asked)
    await eventually(async () => (await one.status(asked)).startsWith('hit') && nearSize(one.cache) > 0)
    value = 'new'
    await other.ask({ method: 'DELETE', headers: asked })
    await eventually(async () => (await one.get(asked)).text === 'new')
  })

  it('writes what is packed where the cache is told to, and reads it', async () => {
    const site = await CachedSite.start(express, { redis: redis.url, nearCache: false, compress: true })
    sites.push(site)
    await eventually(() => site.cache.isConnected)
    site.serve((_req, res) => res.send('x'.repeat(100_000)), '5m')
    const asked = { host: 'packed.example' }
    await site.get(asked)
    // It is packed beside the event loop.
    await eventually(async () => statusOf(await site.get(asked)).startsWith('hit'))
    expect((await site.get(asked)).text).to.have.length(100_000)
  })
})

describe('lifeOf', () => {
  it('is as long as a response is fresh, and may stand in', () => {
    expect(lifeOf(stored({ freshForMs: 1000 }))).to.equal(1000)
    expect(lifeOf(stored({ freshForMs: 1000, staleIfErrorMs: 5000, staleWhileRevalidateMs: 2000 }))).to.equal(
      6000,
    )
  })

  it('is as long again where it can be validated, a minute at least', () => {
    const fields = [['ETag', '"a"']] as const
    expect(lifeOf(stored({ freshForMs: 1000, fields }))).to.equal(61_000)
    expect(lifeOf(stored({ freshForMs: 120_000, fields }))).to.equal(240_000)
    expect(lifeOf(stored({ freshForMs: 0, fields }))).to.equal(60_000)
    expect(lifeOf(stored({ freshForMs: -90_000, fields }))).to.equal(60_000)
  })
})

function nearSize(cache: Cache): number {
  return cache.core.near.load.size
}
