import type { Cache, Stored } from 'holdfast'

/** What came of a {@link flood}. */
export interface Flood {
  /** How many changes stand where. */
  stood: Partial<Record<Stored, number>>
  failures: string[]
}

const KEYS = 50
let deleted = 0

/** All that callers can send who wait for nothing but their own calls. */
export async function flood(cache: Cache, callers: number, rounds: number): Promise<Flood> {
  const stood: Flood['stood'] = {}
  const failures: string[] = []
  const call = async (caller: number): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      const index = (caller + round) % KEYS
      await cache.getOrSet(`flood:${String(index)}`, () => Promise.resolve('a row'), '1m')
      const stored = await cache.delete(`gone:${String(deleted++)}`)
      stood[stored] = (stood[stored] ?? 0) + 1
    }
  }
  const calls = Array.from({ length: callers }, (_, caller) => call(caller))
  for (const outcome of await Promise.allSettled(calls)) {
    if (outcome.status === 'rejected') failures.push(String(outcome.reason))
  }
  return { stood, failures }
}
