import type { Cache } from 'holdfast'
import { eventually } from './eventually'

/**
 * Resolves when these caches have proof that Redis has all that they have changed so far: what is younger than
 * the last proof is void after an outage.
 */
export async function anchored(...caches: readonly Cache[]): Promise<void> {
  await Promise.all(caches.map(moved))
}

/** There are two anchors, written in turn: the later of them was sent by a cache that knew what it had changed. */
async function moved(cache: Cache): Promise<void> {
  const before = await anchors(cache)
  await eventually(async () => {
    const now = await anchors(cache)
    return now.length > 0 && now.every((anchor) => !before.includes(anchor))
  })
}

async function anchors({ redis }: Cache): Promise<string[]> {
  const keys = (await redis?.keys('holdfast:*:anchor:*')) ?? []
  return Promise.all(keys.map(async (key) => `${key} ${(await redis?.get(key)) ?? ''}`))
}
