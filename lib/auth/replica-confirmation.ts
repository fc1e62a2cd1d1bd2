import type { Cache } from '../cache/cache'
import { Deadline } from '../client/deadline'
import type { RedisClient } from '../client/redis-client'
import type { Revocation } from './revocation'
import type { RevocationLogs } from './revocation-log'

/** The part of the time left in which Redis waits for its replicas; its answer has to come back within it too. */
const WAITING_SHARE = 0.8

/**
 * Has the replicas of Redis confirm revocations. WAIT speaks of what its own connection has written, and holds up all
 * that is sent behind it: so it is a connection of its own, made when it is first needed, over which the revocations
 * are said once more.
 */
export class ReplicaConfirmation {
  readonly #cache: Cache
  readonly #logs: RevocationLogs
  #connection: Promise<RedisClient> | undefined

  constructor(cache: Cache, logs: RevocationLogs) {
    this.#cache = cache
    this.#logs = logs
    cache.on('state', ({ to }) => {
      if (to === 'closed') void this.#drop()
    })
  }

  /** Says these once more. @returns whether so many replicas have confirmed them, within the time. Never rejects. */
  async confirm(revocations: readonly Revocation[], replicas: number, withinMs: number): Promise<boolean> {
    // Of a store of another kind nobody knows whether it has replicas.
    if (this.#cache.redis === undefined || withinMs < 1) return false
    const end = performance.now() + withinMs
    try {
      return await new Deadline(withinMs).bound(this.#write(revocations, replicas, end))
    } catch {
      // It may be about to write, or to wait, yet.
      await this.#drop()
      return false
    }
  }

  async #write(revocations: readonly Revocation[], replicas: number, end: number): Promise<boolean> {
    this.#connection ??= this.#connect()
    const client = await this.#connection
    await this.#logs.append(client, revocations, this.#cache.clock.now())
    const waitMs = Math.max(1, Math.floor((end - performance.now()) * WAITING_SHARE))
    return (await client.redis.wait(replicas, waitMs)) >= replicas
  }

  async #connect(): Promise<RedisClient> {
    // Loaded only here: who runs on memory does not pay for node-redis.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const module = require('../client/redis-client') as { RedisClient: typeof RedisClient }
    const client = new module.RedisClient(this.#cache.redis as RedisClient['redis'])
    client.onDisconnect(() => void this.#drop())
    await client.connect()
    return client
  }

  async #drop(): Promise<void> {
    const dropped = this.#connection
    this.#connection = undefined
    const client = await dropped?.catch(() => undefined)
    client?.disconnect()
  }
}
