import { createCache } from 'holdfast'
import type { Cache, CacheOptions } from 'holdfast'
import { eventually } from './eventually'
import type { RedisServer } from './redis-server'

// A busy machine is no outage: where that is not what a test is about, Redis may take its time.
const PATIENCE_MS = 5000

/** Makes caches that are closed after each test of the suite around it. */
export class CachePool {
  readonly #caches: Cache[] = []

  constructor() {
    afterEach(() => this.close())
  }

  /** A silent cache, on memory unless the options say otherwise. */
  open(options: CacheOptions = {}): Cache {
    const { redis = options.client === undefined ? false : undefined, ...others } = options
    const cache = createCache({ logger: false, ...(redis !== undefined && { redis }), ...others })
    this.#caches.push(cache)
    return cache
  }

  /** A silent cache that uses a server, in this database of it. */
  async connect(
    server: RedisServer,
    { database = 0, ...options }: CacheOptions & { database?: number } = {},
  ): Promise<Cache> {
    const cache = this.open({
      redis: `${server.url}/${String(database)}`,
      commandTimeout: PATIENCE_MS,
      ...options,
    })
    await eventually(() => cache.isConnected)
    return cache
  }

  /** Takes a cache that the test has made in its own way. */
  adopt(cache: Cache): Cache {
    this.#caches.push(cache)
    return cache
  }

  /** Closes them all now. */
  async close(): Promise<void> {
    await Promise.all(this.#caches.splice(0).map((cache) => cache.close()))
  }
}
