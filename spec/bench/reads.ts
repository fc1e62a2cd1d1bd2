import { createClient } from 'redis'
import type { RedisClientType } from 'redis'
import { createCache } from 'holdfast'
import type { Cache } from 'holdfast'
import { eventually } from '../support/eventually'
import { RedisServer } from '../support/redis-server'
import { compare } from './compare'
import { zipf } from './zipf'

const KEYS = 1000

/** Reads of JSON through Redis, of keys that are asked for as often as those of an application are. */
export async function compareReads(): Promise<void> {
  const server = await RedisServer.start()
  const raw = await createClient({ url: server.url }).connect()
  const untimed = await createClient({
    url: server.url,
    commandOptions: { timeout: undefined } as unknown as { timeout: number },
  }).connect()
  const options = { redis: server.url, namespace: 'bench', logger: false, commandTimeout: 5000 } as const
  const near = createCache(options)
  const far = createCache({ ...options, nearCache: false })
  let at = 0
  let keys = KEYS
  let drawn = zipf(keys, 100_000)
  const next = (): string => nameOf(drawn[(at = (at + 1) % drawn.length)] ?? 0)
  const parsed = (redis: Pick<RedisClientType, 'get'>) => async () =>
    JSON.parse((await redis.get(`raw:${next()}`)) ?? '') as unknown
  try {
    await eventually(() => near.isConnected && far.isConnected)
    for (const kilobytes of [1, 100]) {
      // As many as there is room for in process.
      keys = KEYS / Math.max(1, kilobytes / 20)
      drawn = zipf(keys, 100_000)
      await fill(raw, far, { keys, kilobytes })
      for (const callers of [1, 64]) {
        await compare(`A read through Redis, ${String(kilobytes)} KB, callers: ${String(callers)}`, callers, {
          'node-redis get and JSON.parse, its defaults': parsed(raw),
          'the same without its timeout for each command': parsed(untimed),
          'holdfast get, without the near cache': () => far.get(next()),
          'holdfast getOrSet, without the near cache': () => far.getOrSet(next(), fail),
          'holdfast get': () => near.get(next()),
        })
      }
    }
  } finally {
    raw.destroy()
    untimed.destroy()
    await Promise.all([near.close(), far.close()])
    await server.close()
  }
}

async function fill(
  raw: Pick<RedisClientType, 'set'>,
  cache: Cache,
  { keys, kilobytes }: { keys: number; kilobytes: number },
): Promise<void> {
  for (let id = 0; id < keys; id += 1) {
    // About 110 bytes each, as rows of a database are.
    const rows = Array.from({ length: Math.round(kilobytes * 9) }, (_, row) => ({
      id: row,
      subject: 'Mathematics',
      term: '2026-1',
      mark: `A${String(id % 10)}`,
      teacher: 'Grace Hopper',
      passed: true,
    }))
    const value = { id, name: 'Ada Lovelace', tags: ['a', 'b'], rows }
    await raw.set(`raw:${nameOf(id)}`, JSON.stringify(value))
    if ((await cache.set(nameOf(id), value)) !== 'redis') throw new Error('Redis does not take the values')
  }
}

function nameOf(id: number): string {
  return `student:${String(id)}`
}

function fail(): never {
  throw new Error('A miss: the store is not what it was')
}
