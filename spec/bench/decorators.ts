import { setTimeout as pause } from 'node:timers/promises'
import { Cached, createCache } from 'holdfast'
import type { Cache } from 'holdfast'

const IDS = 1000
const CALLS = 20_000
const ROUNDS = 61
const HOUR_MS = 3_600_000

interface Row {
  readonly id: string
}

class Students {
  readonly cache: Cache

  constructor(cache: Cache) {
    this.cache = cache
  }

  byHand(id: string): Promise<Row> {
    return this.cache.getOrSet(`student:${id}`, () => this.load(id), HOUR_MS)
  }

  byHandWithTags(id: string): Promise<Row> {
    return this.cache.getOrSet(`student:${id}`, () => this.load(id), HOUR_MS, { tags: [`of:${id}`] })
  }

  byHandOfTwo(id: string, year: number): Promise<Row> {
    return this.cache.getOrSet(`student:${id}:${String(year)}`, () => this.load(id), HOUR_MS)
  }

  @Cached('student:{0}:{1}', HOUR_MS, { cache: (self) => self.cache })
  byTemplateOfTwo(id: string, year: number): Promise<Row> {
    return this.load(`${id} in ${String(year)}`)
  }

  @Cached('student:{0}', HOUR_MS, { cache: (self) => self.cache })
  byTemplate(id: string): Promise<Row> {
    return this.load(id)
  }

  @Cached((id) => ['student', id], HOUR_MS, { cache: (self) => self.cache })
  byFunction(id: string): Promise<Row> {
    return this.load(id)
  }

  @Cached((id) => ['student', id], HOUR_MS, { cache: (self) => self.cache, tags: (id) => [`of:${id}`] })
  byFunctionWithTags(id: string): Promise<Row> {
    return this.load(id)
  }

  @Cached(undefined, HOUR_MS, { cache: (self) => self.cache })
  byDefaultKey(id: string): Promise<Row> {
    return this.load(id)
  }

  load(id: string): Promise<Row> {
    return Promise.resolve({ id })
  }
}

/** A hit in process through a decorator, as a ratio to the same `getOrSet` written by hand, in time of the processor. */
export async function compareDecorators(): Promise<void> {
  const cache = createCache({ redis: false, logger: false })
  const students = new Students(cache)
  const ids = Array.from({ length: IDS }, (_, at) => `school-${String(at % 7)}-${String(at)}`)
  // A loop of its own for each: one for all would be compiled for all, and disturb them.
  const runs: Record<string, () => Promise<void>> = {
    'by hand: getOrSet': async () => {
      for (let at = 0; at < CALLS; at += 1) await students.byHand(ids[at % IDS] as string)
    },
    "@Cached('student:{0}')": async () => {
      for (let at = 0; at < CALLS; at += 1) await students.byTemplate(ids[at % IDS] as string)
    },
    "@Cached((id) => ['student', id])": async () => {
      for (let at = 0; at < CALLS; at += 1) await students.byFunction(ids[at % IDS] as string)
    },
    'by hand: getOrSet, two parts': async () => {
      for (let at = 0; at < CALLS; at += 1) await students.byHandOfTwo(ids[at % IDS] as string, 2026)
    },
    "@Cached('student:{0}:{1}')": async () => {
      for (let at = 0; at < CALLS; at += 1) await students.byTemplateOfTwo(ids[at % IDS] as string, 2026)
    },
    'by hand: getOrSet with tags': async () => {
      for (let at = 0; at < CALLS; at += 1) await students.byHandWithTags(ids[at % IDS] as string)
    },
    "@Cached((id) => ['student', id]) with tags": async () => {
      for (let at = 0; at < CALLS; at += 1) await students.byFunctionWithTags(ids[at % IDS] as string)
    },
    '@Cached()': async () => {
      for (let at = 0; at < CALLS; at += 1) await students.byDefaultKey(ids[at % IDS] as string)
    },
  }
  // What has been loaded is near with the reading after the next.
  for (let round = 0; round < 3; round += 1) {
    for (const run of Object.values(runs)) await run()
    await pause(20)
  }
  const times = new Map(Object.keys(runs).map((name) => [name, [] as number[]]))
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, run] of Object.entries(runs)) {
      const before = process.cpuUsage().user
      await run()
      times.get(name)?.push(process.cpuUsage().user - before)
    }
  }
  const { misses } = await cache.getStats()
  if (misses > 6 * IDS) throw new Error(`Not only hits: ${String(misses)} misses`)
  await cache.close()
  const anchor = median(times.get('by hand: getOrSet') ?? [])
  console.log('\nA hit in process, through a decorator')
  for (const [name, values] of times)
    console.log(`  ${(anchor / median(values)).toFixed(2).padStart(6)}  ${name}`)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}
