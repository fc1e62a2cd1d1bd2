import { spawnSync } from 'node:child_process'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { expect } from 'chai'
import { cacheResponse, createCache, InvalidOptionError, setDefaultCache } from 'holdfast'
import type { Cache } from 'holdfast'
import { resolveResponseOptions } from '../../lib/http/response-configuration'

describe('the options of cacheResponse', () => {
  let cache: Cache

  beforeEach(() => {
    cache = createCache({ redis: false, logger: false })
  })

  afterEach(async () => {
    await cache.close()
  })

  const request = new IncomingMessage(new Socket())

  it('may all be left out: no ttl, no tags, no scope, nothing ignored, bodies up to 1 MiB', () => {
    const resolved = resolveResponseOptions(undefined, undefined)
    expect(resolved).to.include({ ttlMs: undefined, scope: undefined, maxBodyBytes: 2 ** 20 })
    expect(resolved.tags(request)).to.deep.equal([])
    expect(resolved.ignore).to.deep.equal([])
  })

  it('read a ttl in milliseconds and as text', () => {
    expect(resolveResponseOptions(300_000, undefined).ttlMs).to.equal(300_000)
    expect(resolveResponseOptions('5m', undefined).ttlMs).to.equal(300_000)
  })

  it('may stand alone, without a ttl', () => {
    const resolved = resolveResponseOptions({ maxBodyBytes: 5 }, undefined)
    expect(resolved).to.include({ ttlMs: undefined, maxBodyBytes: 5 })
  })

  it('may stand behind a ttl, or behind the place of one', () => {
    expect(resolveResponseOptions('5m', { maxBodyBytes: 5 })).to.include({ ttlMs: 300_000, maxBodyBytes: 5 })
    expect(resolveResponseOptions(undefined, { maxBodyBytes: 5 })).to.include({
      ttlMs: undefined,
      maxBodyBytes: 5,
    })
  })

  it('take members that are undefined as absent', () => {
    const absent = {
      tags: undefined,
      scope: undefined,
      ignore: undefined,
      maxBodyBytes: undefined,
      cache: undefined,
    }
    expect(resolveResponseOptions('5m', absent)).to.include({ scope: undefined, maxBodyBytes: 2 ** 20 })
  })

  it('read fixed tags, and tags by the request', () => {
    expect(resolveResponseOptions('5m', { tags: ['school'] }).tags(request)).to.deep.equal(['school'])
    const byRequest = resolveResponseOptions('5m', { tags: (req: IncomingMessage) => [String(req.url)] })
    expect(byRequest.tags(Object.assign(new IncomingMessage(new Socket()), { url: '/a' }))).to.deep.equal([
      '/a',
    ])
  })

  it('are read once: what happens to the given object later does not matter', () => {
    const given = { maxBodyBytes: 5, ignore: ['cookie'] }
    const resolved = resolveResponseOptions('5m', given)
    given.maxBodyBytes = 6
    given.ignore.push('authorization')
    expect(resolved).to.include({ maxBodyBytes: 5 }).and.to.be.frozen
    expect(resolved.ignore).to.deep.equal(['cookie'])
  })

  it('name the cache, or leave it to the default one of the time of the request', () => {
    expect(resolveResponseOptions('5m', { cache }).cache()).to.equal(cache)
    const before = resolveResponseOptions('5m', undefined)
    setDefaultCache(cache)
    expect(before.cache()).to.equal(cache)
    const later = createCache({ redis: false, logger: false })
    setDefaultCache(later)
    expect(before.cache()).to.equal(later)
  })

  const refused: [title: string, args: unknown[], names: string, says: RegExp][] = [
    ['a ttl of 0', [0], 'cacheResponse: ttl', /got 0/],
    ['a negative ttl', [-1], 'cacheResponse: ttl', /got -1/],
    ['a ttl that is NaN', [NaN], 'cacheResponse: ttl', /got NaN/],
    ['a ttl without end', [Infinity], 'cacheResponse: ttl', /got Infinity/],
    ['a ttl that cannot be read', ['soon'], 'cacheResponse: ttl', /'5m'.*got 'soon'/],
    ['an empty ttl', [''], 'cacheResponse: ttl', /got ''/],
    ['a ttl that is null', [null], 'cacheResponse: ttl', /got null/],
    ['a ttl that is a function', [() => 1], 'cacheResponse: ttl', /positive number/],
    [
      'options in the place of the ttl and behind it',
      [{}, {}],
      'cacheResponse',
      /expected a ttl before the options/,
    ],
    ['options that are null', ['5m', null], 'cacheResponse', /expected an options object, got null/],
    ['options that are an array', ['5m', ['tag']], 'cacheResponse', /got an array/],
    ['options that are text', ['5m', 'tag'], 'cacheResponse', /got a string/],
    ['a misspelt option', ['5m', { tag: [] }], 'cacheResponse: tag', /did you mean 'tags'/],
    ['an unknown option', ['5m', { maxBodyByte: 1 }], 'cacheResponse: maxBodyByte', /'maxBodyBytes'/],
    [
      'tags that are text',
      ['5m', { tags: 'school' }],
      'cacheResponse: tags',
      /array of strings.*got 'school'/,
    ],
    ['a tag that is empty', ['5m', { tags: [''] }], 'cacheResponse: tags', /array of strings/],
    ['a tag that is a number', ['5m', { tags: [1] }], 'cacheResponse: tags', /array of strings/],
    ['tags that are null', ['5m', { tags: null }], 'cacheResponse: tags', /got null/],
    [
      'a scope that is text',
      ['5m', { scope: 'user' }],
      'cacheResponse: scope',
      /function of the request, got 'user'/,
    ],
    [
      'an unknown credential to ignore',
      ['5m', { ignore: ['x-request-id'] }],
      'cacheResponse: ignore',
      /expected an array of authorization, cookie, /,
    ],
    [
      'a credential to ignore that is text',
      ['5m', { ignore: 'cookie' }],
      'cacheResponse: ignore',
      /got 'cookie'/,
    ],
    [
      'a negative maxBodyBytes',
      ['5m', { maxBodyBytes: -1 }],
      'cacheResponse: maxBodyBytes',
      /from 0 up, got -1/,
    ],
    [
      'a maxBodyBytes that is text',
      ['5m', { maxBodyBytes: '1mb' }],
      'cacheResponse: maxBodyBytes',
      /got '1mb'/,
    ],
    ['a key that is text', ['5m', { key: 'a' }], 'cacheResponse: key', /function of the request, got 'a'/],
    [
      'a query that is an unknown word',
      ['5m', { query: 'all' }],
      'cacheResponse: query',
      /'as-sent', 'sorted'/,
    ],
    ['an empty parameter', ['5m', { query: [''] }], 'cacheResponse: query', /array of parameters/],
    ['a field to vary by that is a star', ['5m', { vary: ['*'] }], 'cacheResponse: vary', /field names/],
    [
      'a targeted field that is none',
      [{ targetedFields: ['a b'] }],
      'cacheResponse: targetedFields',
      /field names/,
    ],
    ['a status that is none', ['5m', { statuses: [99] }], 'cacheResponse: statuses', /from 200 to 599/],
    ['the status of a part', ['5m', { statuses: [206] }], 'cacheResponse: statuses', /without 206/],
    ['a staleIfError of 0', ['5m', { staleIfError: 0 }], 'cacheResponse: staleIfError', /got 0/],
    [
      'a staleWhileRevalidate that cannot be read',
      ['5m', { staleWhileRevalidate: 'soon' }],
      'cacheResponse: staleWhileRevalidate',
      /got 'soon'/,
    ],
    [
      'a routeTimeout without end',
      ['5m', { routeTimeout: Infinity }],
      'cacheResponse: routeTimeout',
      /Infinity/,
    ],
    ['a collapse that is true', ['5m', { collapse: true }], 'cacheResponse: collapse', /got true/],
    ['an etag that is true', ['5m', { etag: true }], 'cacheResponse: etag', /'strong' or 'weak'/],
    [
      'an unknown word for Set-Cookie',
      ['5m', { setCookie: 'keep' }],
      'cacheResponse: setCookie',
      /got 'keep'/,
    ],
    [
      'a cacheStatus that is false',
      ['5m', { cacheStatus: false }],
      'cacheResponse: cacheStatus',
      /'on' or 'off'/,
    ],
    [
      'requestDirectives spelt otherwise',
      ['5m', { requestDirectives: 'honor' }],
      'cacheResponse: requestDirectives',
      /'ignore' or 'honour'/,
    ],
    [
      'a cacheTagHeader that is text',
      ['5m', { cacheTagHeader: 'x' }],
      'cacheResponse: cacheTagHeader',
      /true or false/,
    ],
    [
      'to override Cache-Control without a ttl',
      [{ overrideCacheControl: true }],
      'cacheResponse: overrideCacheControl',
      /expected a ttl/,
    ],
    ['a cache that is none', ['5m', { cache: new Map() }], 'cacheResponse: cache', /createCache\(\).*Map/],
  ]
  for (const [title, args, names, says] of refused) {
    it(`refuse ${title} at construction, naming ${names}`, () => {
      const make = () => Reflect.apply(cacheResponse, undefined, args) as unknown
      expect(make).to.throw(InvalidOptionError, says).with.property('option', names)
    })
  }

  it('find at construction that the environment of the default cache cannot be used', () => {
    // In a process of its own: here, the default cache may be there already.
    const { stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--eval', "require('holdfast').cacheResponse('5m')"],
      {
        env: { ...process.env, REDIS_URL: '', REDIS_HOST: 'localhost', REDIS_PORT: 'abc' },
        encoding: 'utf8',
      },
    )
    expect(stderr).to.match(/InvalidEnvironmentError: REDIS_PORT: .*'abc'/)
  })
})
