import { createClient } from 'redis'
import { createCache } from 'holdfast'
import { RedisServer } from '../support/redis-server'
import { compare } from './compare'

/** About a kilobyte of JSON, as a row of a database with its details. */
const VALUE = {
  id: 42,
  name: 'Ada',
  tags: ['a', 'b'],
  rows: Array.from({ length: 30 }, (_, id) => ({ id, mark: 'A+' })),
}

/** Prints each comparison as ratios to its first row, which is the limit or the way by hand. */
async function main(): Promise<void> {
  const server = await RedisServer.start()
  const raw = await createClient({ url: server.url }).connect()
  const cache = createCache({ redis: server.url, logger: false })
  const memory = createCache({ redis: false, logger: false })
  const map = new Map([['key', JSON.stringify(VALUE)]])
  try {
    await raw.set('raw', JSON.stringify(VALUE))
    await untilConnected(cache)
    await cache.set('key', VALUE)
    await memory.set('key', VALUE)

    await compare('A hit in process, 1 KB, a copy for each caller', {
      'a Map of JSON, parsed': () => Promise.resolve(JSON.parse(map.get('key') ?? '')),
      'cache.get on memory': () => memory.get('key'),
      'cache.getOrSet on memory': () => memory.getOrSet('key', () => VALUE),
    })
    await compare('A read through Redis, 1 KB, 64 callers', {
      'node-redis get and JSON.parse, its defaults': async () =>
        JSON.parse((await raw.get('raw')) ?? '') as unknown,
      'cache.get': () => cache.get('key'),
      'cache.getOrSet, same key for all': () => cache.getOrSet('key', () => VALUE),
    })
    let [byHand, leased] = [0, 0]
    await compare('A miss, loaded and stored, 1 KB, 64 callers, a key each', {
      'node-redis get, load, set, its defaults': async () => {
        const key = `hand:${String((byHand += 1))}`
        const found = await raw.get(key)
        if (found === null) await raw.set(key, JSON.stringify(VALUE), { PX: 60_000 })
      },
      'cache.getOrSet, with a lease, the store not waited for': () =>
        cache.getOrSet(`leased:${String((leased += 1))}`, () => VALUE, 60_000),
    })
  } finally {
    raw.destroy()
    await Promise.all([cache.close(), memory.close(), server.close()])
  }
}

async function untilConnected(cache: {
  isConnected: boolean
  on: (name: 'state', listener: () => void) => () => void
}): Promise<void> {
  while (!cache.isConnected) {
    await new Promise<void>((resolve) => {
      const off = cache.on('state', () => {
        off()
        resolve()
      })
    })
  }
}

void main()
