import type { Cache } from 'holdfast'
import { eventually } from './eventually'
import type { RedisServer } from './redis-server'

/** Whether two readings give the same object, which no two readings of a store do. For values that are plain JSON. */
export async function isNear(cache: Cache, key: string): Promise<boolean> {
  const found = await cache.get(key)
  return found !== undefined && found === (await cache.get(key))
}

/** Resolves when these keys are kept near. */
export async function untilNear(cache: Cache, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    await cache.get(key)
    // Redis is asked how long the value has to live before it is kept.
    if (cache.isConnected) await cache.redis?.ping()
    await eventually(() => isNear(cache, key))
  }
}

/** How often a server has been asked for values, the anchors of caches (each looks for its own twice a second) included. */
export async function timesAsked(server: RedisServer): Promise<number> {
  const info = await server.command('INFO', 'commandstats')
  return Number(/^cmdstat_mget:calls=(\d+)/m.exec(info)?.[1] ?? 0)
}
