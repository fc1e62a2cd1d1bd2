import { CommandRefusedError } from '../errors'
import type { CacheClient } from './cache-client'

/** Stamps to be written, as {@link CacheClient.stamp} takes them. */
export interface Stamping {
  readonly counter: string
  readonly stamps: readonly string[]
  readonly ttlMs: number
}

/** What makes void whatever the store has: keys to take away, or stamps to write. */
export type Invalidation = { readonly keys: readonly string[] } | Stamping

/** One name of an invalidation, by itself. */
export type SingleInvalidation = 'delete' | Stamping

/** Sends a command to the store, within a budget of time. */
export type Send = <Result>(command: (client: CacheClient) => Promise<Result>) => Promise<Result>

/** Carries an invalidation out. */
export function invalidate(client: CacheClient, invalidation: Invalidation): Promise<void> {
  if ('keys' in invalidation) return client.delete(invalidation.keys)
  return client.stamp(invalidation.counter, invalidation.stamps, invalidation.ttlMs)
}

/** The same, but a refusal to drop what is wrong is a failure of the whole store. */
export async function invalidateSurely(client: CacheClient, invalidation: Invalidation): Promise<void> {
  try {
    await invalidate(client, invalidation)
  } catch (error) {
    throw error instanceof CommandRefusedError ? new Error(error.message, { cause: error }) : error
  }
}

/** An invalidation name by name, so that what is repeated is kept once. */
export function* singly(invalidation: Invalidation): Generator<[name: string, single: SingleInvalidation]> {
  if ('keys' in invalidation) for (const key of invalidation.keys) yield [key, 'delete']
  else for (const stamp of invalidation.stamps) yield [stamp, { ...invalidation, stamps: [stamp] }]
}
