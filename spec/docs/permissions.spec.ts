import { readFile } from 'node:fs/promises'
import { setTimeout as lasting } from 'node:timers/promises'
import { expect } from 'chai'
import { createTokenBlacklist } from 'holdfast'
import type { Cache } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { eventually } from '../support/eventually'
import { RecordingLogger } from '../support/recording-logger'
import { RedisServer } from '../support/redis-server'
import { failOnUnhandledRejections } from '../support/unhandled-rejections'

const TOKEN = { jti: 'token', exp: Math.floor(Date.now() / 1000) + 1000 }

describe('What docs/outages.md says that Redis has to permit', function () {
  this.timeout(20_000)
  failOnUnhandledRejections()

  const pool = new CachePool()
  let server: RedisServer

  before(async () => {
    server = await RedisServer.start()
    const rules = [
      'resetchannels',
      '-@all',
      '~app:*',
      '~holdfast:*',
      '~blacklist:*',
      ...(await permissions()),
    ]
    await server.command('ACL', 'SETUSER', 'app', 'on', '>secret', ...rules)
  })

  after(async () => {
    await pool.close()
    await server.close()
  })

  it('is all that a cache and a blacklist ask for, in any database, through an outage too', async () => {
    const logger = new RecordingLogger()
    const url = `redis://app:secret@127.0.0.1:${String(server.port)}/1`
    const cache = pool.open({ redis: url, namespace: 'app', logger, refreshAhead: true })
    await eventually(() => cache.isConnected)
    await useAllOf(cache)
    await server.command('FLUSHALL')
    await server.command('CLIENT', 'KILL', 'TYPE', 'normal')
    await eventually(() => !cache.isConnected)
    await cache.delete('a')
    await eventually(() => cache.isConnected)
    await useAllOf(cache)
    await cache.close()
    expect(await server.command('ACL', 'LOG')).to.equal('')
    expect(JSON.stringify(logger.lines)).to.not.include('NOPERM')
  })
})

/** The words of the page that begin with a plus, in its section on permissions. */
async function permissions(): Promise<string[]> {
  const page = await readFile('docs/outages.md', 'utf8')
  const [, section = ''] = page.split('## What Redis has to permit')
  const [text = ''] = section.split('\n## ')
  return [...text.matchAll(/(?<=[ `])\+[a-z|]+/g)].map(([word]) => word)
}

async function useAllOf(cache: Cache): Promise<void> {
  const options = { tags: ['tag'], grace: '1m' } as const
  expect(await cache.set('a', 1, '1h', options)).to.be.oneOf(['redis', 'memory'])
  await cache.get('a')
  await cache.has('a')
  // Long enough for a sign of life, and for the lease that a long load takes.
  await cache.getOrSet('b', () => lasting(1300).then(() => 2), '1h', options)
  await cache.getOrSetMany(['c', 'd'], (missing) => new Map(missing.map((key) => [key, 3])))
  await cache.invalidateTags('tag')
  await cache.deleteMany(['a', 'c'])
  await cache.clear()
  const blacklist = createTokenBlacklist({ cache, check: 'redis' })
  await blacklist.revoke(TOKEN)
  await blacklist.revokeAll('somebody', { except: TOKEN })
  expect(await blacklist.isRevoked(TOKEN)).to.equal(true)
  await blacklist.restoreAll('somebody')
  await cache.getStats()
  await cache.health()
}
