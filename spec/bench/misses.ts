import { createClient } from 'redis'
import { createCache } from 'holdfast'
import { eventually } from '../support/eventually'
import { RedisServer } from '../support/redis-server'
import { compare } from './compare'

/** About a kilobyte of JSON, as a row of a database with its details. */
const VALUE = {
  id: 42,
  name: 'Ada',
  tags: ['a', 'b'],
  rows: Array.from({ length: 30 }, (_, id) => ({ id, mark: 'A+' })),
}

/** What a lease is worth: nobody stores what has been overtaken. */
const STORE_LEASED = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('UNLINK', KEYS[2])
return 1`

/** What a key costs that is not there: looked up, made at once, stored. */
export async function compareMisses(): Promise<void> {
  const server = await RedisServer.start()
  const raw = await createClient({ url: server.url }).connect()
  const cache = createCache({ redis: server.url, logger: false, commandTimeout: 5000 })
  try {
    await eventually(() => cache.isConnected)
    const sha1 = await raw.scriptLoad(STORE_LEASED)
    let asked = 0
    for (const callers of [1, 64]) {
      const title = `A miss, loaded and stored, 1 KB, a key each, callers: ${String(callers)}`
      await compare(title, callers, {
        'node-redis get, load, set, its defaults': async () => {
          const key = `hand:${String((asked += 1))}`
          const found = await raw.get(key)
          if (found === null) await raw.set(key, JSON.stringify(VALUE), { PX: 60_000 })
        },
        'the same with a lease, by hand: SET NX and MGET, load, a script that stores': async () => {
          const number = String((asked += 1))
          const [key, lease] = [`led:${number}`, `led:${number}:lease`]
          const [, [found]] = await Promise.all([
            raw.set(lease, number, { PX: 200, NX: true }),
            raw.mGet([key, 'counter', 'floor', lease]),
          ])
          if (found !== null) return
          const text = JSON.stringify(VALUE)
          void raw.evalSha(sha1, { keys: [key, lease], arguments: [number, text, '60000'] })
        },
        'holdfast getOrSet, time to the caller': () =>
          cache.getOrSet(`leased:${String((asked += 1))}`, () => VALUE, 60_000),
        'holdfast get, then set, acknowledged': async () => {
          const key = `set:${String((asked += 1))}`
          if ((await cache.get(key)) === undefined) await cache.set(key, VALUE, 60_000)
        },
      })
    }
  } finally {
    raw.destroy()
    await cache.close()
    await server.close()
  }
}
