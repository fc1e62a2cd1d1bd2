import { createCache, createTokenBlacklist } from 'holdfast'
import type { Cache, CacheOptions, TokenBlacklist, TokenBlacklistOptions } from 'holdfast'
import { eventually } from './eventually'
import type { RedisServer } from './redis-server'

/** What one process of an application has: a cache and a blacklist over it. */
export interface BlacklistInstance {
  cache: Cache
  blacklist: TokenBlacklist
}

/** Makes instances over a server, and closes them all. */
export class BlacklistInstances {
  readonly #made: Cache[] = []

  /** An instance that has not been waited for. */
  make(
    redis: RedisServer,
    options: TokenBlacklistOptions = {},
    cacheOptions: CacheOptions = {},
  ): BlacklistInstance {
    const cache = createCache({ redis: redis.url, logger: false, ...cacheOptions })
    this.#made.push(cache)
    return { cache, blacklist: createTokenBlacklist({ ...options, cache }) }
  }

  /** An instance that uses Redis. */
  async start(
    redis: RedisServer,
    options: TokenBlacklistOptions = {},
    cacheOptions: CacheOptions = {},
  ): Promise<BlacklistInstance> {
    const instance = this.make(redis, options, cacheOptions)
    await connected(instance)
    return instance
  }

  /** Closes what was made. */
  async close(): Promise<void> {
    await Promise.all(this.#made.splice(0).map((cache) => cache.close()))
  }
}

/** Resolves when these instances use Redis. */
export async function connected(...instances: BlacklistInstance[]): Promise<void> {
  await eventually(() => instances.every(({ cache }) => cache.isConnected))
}

/** Resolves when these instances have noticed that Redis is away. */
export async function cutOff(...instances: BlacklistInstance[]): Promise<void> {
  await eventually(() => instances.every(({ cache }) => cache.state === 'degraded'))
}
