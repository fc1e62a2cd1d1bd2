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

/** What a key costs that is not there: looked up, made at once, stored. */
export async function compareMisses(): Promise<void> {
  const server = await RedisServer.start()
  const raw = await createClient({ url: server.url }).connect()
  const cache = createCache({ redis: server.url, logger: false, commandTimeout: 5000 })
  try {
    await eventually(() => cache.isConnected)
    let asked = 0
    for (const callers of [1, 64]) {
      const title = `A miss, loaded and stored, 1 KB, a key each, callers: ${String(callers)}`
      await compare(title, callers, {
        'node-redis get, load, set, its defaults': async () => {
          const key = `hand:${String((asked += 1))}`
          const found = await raw.get(key)
          if (found === null) await raw.set(key, JSON.stringify(VALUE), { PX: 60_000 })
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
