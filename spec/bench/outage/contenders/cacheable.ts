import KeyvRedis from '@keyv/redis'
import { Cacheable } from 'cacheable'
import type { Contender } from './contender'

/** The layered set-up of its README: memory before `@keyv/redis`, each on its defaults, and somebody who listens to errors. */
export function openCacheable(port: number): Contender {
  const cache = new Cacheable({ secondary: new KeyvRedis(`redis://127.0.0.1:${String(port)}`) })
  cache.on('error', () => undefined)
  return {
    getOrSet: (key, loader, ttl) => cache.getOrSet(key, loader, { ttl }),
    get: (key) => cache.get(key),
    set: (key, value, ttl) => cache.set(key, value, ttl),
    delete: (key) => cache.delete(key),
  }
}
