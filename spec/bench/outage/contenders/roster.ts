import { loadBentocache, openBentocache, openTunedBentocache } from './bentocache'
import { openCacheable } from './cacheable'
import type { OpenContender } from './contender'
import { openHoldfast } from './holdfast'
import { openNodeRedis } from './node-redis'

interface Entry {
  readonly open: OpenContender
  /** Loads its code, which is not part of what is measured. */
  readonly load?: () => Promise<unknown>
  /** How it is set up, in a line. */
  readonly setUp: string
}

/** Who is measured, by the name in the table. */
export const contenders: Readonly<Record<string, Entry>> = {
  holdfast: {
    open: openHoldfast,
    setUp: '`createCache({ redis: url })`, nothing else',
  },
  'node-redis by hand': {
    open: openNodeRedis,
    setUp:
      '`get`, `JSON.parse` and `set` on a client with default options, an error listener, each call caught',
  },
  bentocache: {
    open: openBentocache,
    load: loadBentocache,
    setUp: 'memory, Redis and bus, as its page on multi-tier caches has it',
  },
  'bentocache tuned': {
    open: openTunedBentocache,
    load: loadBentocache,
    setUp:
      'the same with a circuit breaker of 1 s, and ioredis with `commandTimeout: 100`, no retries per request, no offline queue, and a reconnect every 100 ms',
  },
  cacheable: {
    open: openCacheable,
    setUp:
      'memory and `@keyv/redis`, as its README has it. Its sync between instances is a package of its own (`@qified/redis`) and not in use: with or without an outage, the other instance keeps what it has read',
  },
}
