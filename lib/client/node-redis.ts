import { createClient } from 'redis'
import type { RedisClientOptions, RedisClientType } from 'redis'
import { InvalidOptionError } from '../errors'
import { trackingOptions } from './server-tracking'
import { singleLookup } from './single-lookup'

/** A node-redis client as an application makes it, with whatever modules and type mapping. */
export interface NodeRedisClient {
  readonly isOpen: boolean
  duplicate(overrides?: object): unknown
}

/**
 * A node-redis client of our own: with node-redis's own options, or those of a client, which is left as it is.
 * Reconnecting, limits of time and what happens meanwhile are not its business: its own queue, retries and timeouts
 * are turned off.
 *
 * @throws {InvalidOptionError} for a pool, a cluster or a sentinel.
 */
export function ownClient(source: RedisClientOptions | NodeRedisClient): RedisClientType {
  return isClient(source) ? duplicate(source) : createClient(ownOptions(source))
}

function isClient(source: RedisClientOptions | NodeRedisClient): source is NodeRedisClient {
  return 'duplicate' in source && typeof source.duplicate === 'function'
}

function duplicate(client: NodeRedisClient): RedisClientType {
  const { options } = client as NodeRedisClient & { options?: RedisClientOptions }
  const isStandalone = options !== undefined && !('rootNodes' in options) && !('sentinelRootNodes' in options)
  if (isStandalone) return client.duplicate(ownOptions(options)) as RedisClientType
  throw new InvalidOptionError(
    'createCache: redis',
    'expected a client as createClient() of node-redis makes it, got a pool, a cluster or a sentinel',
  )
}

function ownOptions(options: RedisClientOptions): RedisClientOptions {
  const { lookup } = { lookup: undefined, ...options.socket }
  return {
    ...options,
    ...trackingOptions(options),
    socket: {
      ...options.socket,
      // node-redis's clock would run on while the application holds the event loop.
      connectTimeout: 0,
      socketTimeout: 0,
      reconnectStrategy: false,
      lookup: singleLookup(lookup),
    },
    disableOfflineQueue: true,
    commandsQueueMaxLength: undefined as unknown as number,
    // An absent timeout would be node-redis's own, which costs most of its throughput.
    commandOptions: { timeout: undefined } as unknown as NonNullable<RedisClientOptions['commandOptions']>,
    maintNotifications: 'disabled',
  }
}
