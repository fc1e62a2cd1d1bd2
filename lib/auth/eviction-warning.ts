import type { Cache } from '../cache/cache'

/**
 * Looks once whether Redis may evict revocations, and says so in the log. Under a policy that evicts a revoked token
 * can be let in again by whoever asks Redis for it, and by an instance that starts just then.
 */
export async function warnOfEviction({ client, logger }: Pick<Cache, 'client' | 'logger'>): Promise<void> {
  const info = await client.ask((redis) => redis.info?.() ?? Promise.resolve(''))
  const policy = field(info, 'maxmemory_policy')
  if (policy === undefined || policy === 'noeviction' || Number(field(info, 'maxmemory') ?? 0) === 0) return
  logger.warn('Redis may evict revocations of tokens', {
    cause: `maxmemory-policy is ${policy}`,
    remedy: 'maxmemory-policy noeviction, or a Redis of its own for the blacklist: docs/security.md',
  })
}

function field(info: string | undefined, name: string): string | undefined {
  return new RegExp(`^${name}:(\\S+)`, 'm').exec(info ?? '')?.[1]
}
