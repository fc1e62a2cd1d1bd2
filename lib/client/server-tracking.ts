import { ErrorReply } from 'redis'
import type { RedisClientOptions, RedisClientType } from 'redis'
import { describeCause } from '../errors'
import type { Logger } from '../logger'
import { keyOfName } from './lease-key'

/** What node-redis is to be told, so that the server says which of the keys that were read have changed. */
export function trackingOptions({ RESP }: { readonly RESP?: number }): RedisClientOptions {
  return {
    // The older protocol has no words for what nobody asked.
    emitInvalidate: RESP !== 2,
    // node-redis takes one of the two, and no value is ever read here that its cache may answer.
    clientSideCache: undefined as unknown as NonNullable<RedisClientOptions['clientSideCache']>,
  }
}

/** Tells which keys have changed, as the server says it: `undefined` for any. */
export function onInvalidate(client: RedisClientType, listener: (key: string | undefined) => void): void {
  const prefix = String(client.options.keyPrefix ?? '')
  client.on('invalidate', (name: string | Buffer | null) => {
    const key = name === null ? undefined : keyOfName(String(name).slice(prefix.length))
    if (name === null || key !== undefined) listener(key)
  })
}

/** Whether a connection failed for this alone, that the server does not let it track what it reads. */
export function isTrackingRefusal(error: unknown): error is ErrorReply {
  // Servers before Redis 7 do not name the subcommand, and nothing else of CLIENT is required of them so early.
  return (
    error instanceof ErrorReply && /^(NOPERM .*'client\b|ERR unknown .*\btracking\b)/i.test(error.message)
  )
}

/** A client as this one, which does not ask to track. The log says so. */
export function withoutTracking(client: RedisClientType, cause: Error, logger: Logger): RedisClientType {
  logger.info('Redis does not permit CLIENT TRACKING', {
    cause: describeCause(cause),
    remedy: 'ACL SETUSER … +client|tracking',
  })
  // It holds on to credentials.
  client.destroy()
  return client.duplicate({ emitInvalidate: false })
}
