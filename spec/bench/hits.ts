import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Cacheable } from 'cacheable'
import { createCache } from 'holdfast'
import { NearCache } from '../../lib/cache/near-cache'
import { loadBentocache } from './outage/contenders/bentocache'
import { zipf } from './zipf'

const KEYS = 10_000
const CALLS = 100_000
const ROUNDS = 11
/** Few enough that no garbage is collected between two looks at the heap. */
const CALLS_PER_LOOK = 1000
const LOOKS = 40
const HOUR_MS = 3_600_000

interface Row {
  readonly id: number
  readonly text: string
}

/** Calls it for so many keys, one after the other. */
type Run = (calls: number) => Promise<void>

const keys = Array.from({ length: KEYS }, (_, id) => `school:student:${String(id)}`)
const asked = zipf(KEYS, CALLS, 0.9).map((place) => keys[place] ?? '')

/**
 * What a hit in process costs, of objects of a kilobyte and keys that are asked for as those of an application are:
 * prints the rate of calls as a ratio to that of a bare `async` look-up, and the bytes of heap for each call.
 */
export async function compareHits(): Promise<void> {
  const map = new Map(keys.map((key, id) => [key, aKilobyte(id)]))
  const cache = createCache({ redis: false, logger: false })
  const byHand = new ByHand()
  const { BentoCache, bentostore, memoryDriver } = await loadBentocache()
  const stores = { memory: bentostore().useL1Layer(memoryDriver({ maxSize: '50mb' })) }
  const bento = new BentoCache({ default: 'memory', stores })
  const cacheable = new Cacheable()
  const inside = new NearCache<Row>({ maxEntries: KEYS, maxBytes: Infinity, now: () => 0 })
  for (const [key, copy] of map)
    inside.keep(key, copy, { token: inside.begin(), deadline: HOUR_MS, tags: [], bytes: 1000 })
  const load = (): Row => aKilobyte(0)
  const loadLater = () => Promise.resolve(load())
  for (const [key, value] of map) {
    await cache.set(key, value)
    await cache.get(key)
    await byHand.getOrSet(key, () => value)
    await bento.set({ key, value, ttl: HOUR_MS })
    await cacheable.set(key, value)
  }
  // eslint-disable-next-line @typescript-eslint/require-await -- What it costs that it is one is the question.
  const bare = async (key: string) => map.get(key)
  // Without a use of what is found, the compiler leaves out the look-up.
  let found = 0
  // A loop of its own for each: one for all would be compiled for all, and disturb them.
  await measure({
    'an async function around a Map': async (calls) => {
      for (let at = 0; at < calls; at += 1) await bare(asked[at] as string)
    },
    'holdfast, getOrSet': async (calls) => {
      for (let at = 0; at < calls; at += 1) await cache.getOrSet(asked[at] as string, load, HOUR_MS)
    },
    'holdfast, get': async (calls) => {
      for (let at = 0; at < calls; at += 1) await cache.get(asked[at] as string)
    },
    'the look-up in it, which nobody awaits': (calls) => {
      for (let at = 0; at < calls; at += 1) found += inside.get(asked[at] as string)?.id ?? 0
      return Promise.resolve()
    },
    'the same in a bare Map': (calls) => {
      for (let at = 0; at < calls; at += 1) found += map.get(asked[at] as string)?.id ?? 0
      return Promise.resolve()
    },
    'by hand: a Map with ttl and single-flight': async (calls) => {
      for (let at = 0; at < calls; at += 1) await byHand.getOrSet(asked[at] as string, load)
    },
    'bentocache, getOrSet': async (calls) => {
      for (let at = 0; at < calls; at += 1)
        await bento.getOrSet({ key: asked[at] as string, factory: loadLater, ttl: HOUR_MS })
    },
    'cacheable, getOrSet': async (calls) => {
      for (let at = 0; at < calls; at += 1) await cacheable.getOrSet(asked[at] as string, loadLater)
    },
  })
  if (found === 0) throw new Error('Nothing was found')
  await Promise.all([cache.close(), cacheable.disconnect()])
}

/** What many services carry. */
class ByHand {
  readonly #kept = new Map<string, { readonly value: Row; readonly until: number }>()
  readonly #underWay = new Map<string, Promise<Row>>()

  async getOrSet(key: string, load: () => Row): Promise<Row> {
    const kept = this.#kept.get(key)
    if (kept !== undefined && kept.until > Date.now()) return kept.value
    const underWay = this.#underWay.get(key) ?? Promise.resolve().then(load)
    this.#underWay.set(key, underWay)
    const value = await underWay
    this.#kept.set(key, { value, until: Date.now() + HOUR_MS })
    this.#underWay.delete(key)
    return value
  }
}

/** Each in turn, many times, so that a noisy machine disturbs all alike. */
async function measure(runs: Record<string, Run>): Promise<void> {
  const times = new Map(Object.keys(runs).map((name) => [name, [] as number[]]))
  for (let round = -2; round < ROUNDS; round += 1) {
    for (const [name, run] of Object.entries(runs)) {
      const start = performance.now()
      await run(CALLS)
      // What has been put off until the turn is over is part of the cost.
      await new Promise(setImmediate)
      // The first rounds warm up.
      if (round >= 0) times.get(name)?.push(performance.now() - start)
    }
  }
  const anchor = median([...times.values()][0] ?? [])
  console.log('\nA hit in process, 1 KB, 10,000 keys, Zipf\n   ratio  bytes a call')
  for (const [name, values] of times) {
    const bytes = await allocated(runs[name] as Run)
    const columns = [(anchor / median(values)).toFixed(2).padStart(8), bytes.toFixed(0).padStart(12)]
    console.log(`${columns.join('  ')}  ${name}`)
  }
}

/** Bytes of heap for each call: what the heap has grown by from one full collection to before the next. */
async function allocated(run: Run): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const growths: number[] = []
  for (let look = 0; look < LOOKS; look += 1) {
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    await run(CALLS_PER_LOOK)
    growths.push((process.memoryUsage().heapUsed - before) / CALLS_PER_LOOK)
  }
  return median(growths)
}

function aKilobyte(id: number): Row {
  return { id, text: String(id).padStart(1000, 'x') }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
