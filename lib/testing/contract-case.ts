import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { CacheClient } from '../client/cache-client'

/** One thing that a {@link CacheClient} promises, as a test: framework-neutral, it rejects where it isn't true. */
export interface ContractCase {
  /** The promise, as a fact. */
  readonly title: string
  /** Puts a connected client to the test. `key` makes names that no other test uses. */
  readonly run: (client: CacheClient, key: (name: string) => string) => Promise<void>
}

/** Longer than any test takes. */
export const LONG_MS = 60_000

/** Waits until something is so. Rejects where it isn't within a second. */
export async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await isSo()) return
    await delay(10)
  }
  assert.fail('it is not so a second after its time')
}
