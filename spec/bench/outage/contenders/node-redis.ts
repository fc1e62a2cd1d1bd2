import { createClient } from 'redis'
import type { Contender } from './contender'

/** What many services have by hand: node-redis on its defaults, JSON, and a catch around each call. */
export async function openNodeRedis(port: number): Promise<Contender> {
  const redis = createClient({ url: `redis://127.0.0.1:${String(port)}` })
  redis.on('error', ignore)
  await redis.connect()

  const get = async (key: string): Promise<unknown> => {
    const text = await redis.get(key).catch(ignore)
    return typeof text === 'string' ? JSON.parse(text) : undefined
  }
  const set = (key: string, value: unknown, ttlMs: number): Promise<unknown> =>
    redis.set(key, JSON.stringify(value), { expiration: { type: 'PX', value: ttlMs } }).catch(ignore)

  return {
    get,
    set,
    delete: (key) => redis.del(key).catch(ignore),
    getOrSet: async (key, loader, ttlMs) => {
      const found = await get(key)
      if (found !== undefined) return found
      const value = await loader()
      await set(key, value, ttlMs)
      return value
    },
  }
}

function ignore(): void {
  // Such services log it.
}
