import { execFileSync } from 'node:child_process'
import { LRUCache } from 'lru-cache'
import { BoundedMap } from '../../lib/client/bounded-map'

interface Store {
  get(key: string): unknown
  set(key: string, value: unknown): unknown
}

const KEYS = 50_000
const CAPACITY = KEYS / 10
const REQUESTS = 250_000
const ROUNDS = 15
const ENTRIES = 100_000
const TTL_MS = 3_600_000

/** First in, first out, by the order that a Map keeps. */
class Fifo extends Map<string, unknown> {
  override set(key: string, value: unknown): this {
    if (this.size >= CAPACITY && !this.has(key)) this.delete(this.keys().next().value ?? '')
    return super.set(key, value)
  }
}

const STORES: Record<string, (maxEntries: number) => Store> = {
  Map: () => new Map<string, unknown>(),
  'lru-cache': (max) => {
    const cache = new LRUCache<string, object>({ max, maxSize: 1e9, ttlResolution: 0 })
    return {
      get: (key) => cache.get(key),
      set: (key, value) => cache.set(key, value as object, { ttl: TTL_MS, size: 1024 }),
    }
  },
  BoundedMap: (maxEntries) => {
    const map = new BoundedMap<unknown>({ maxEntries, maxBytes: 1e9 })
    return {
      get: (key) => map.get(key, performance.now()),
      set: (key, value) => map.set(key, value, 1024, performance.now() + TTL_MS),
    }
  },
}

/** The share of requests that find their key, of a cache that takes in what it lacked. */
function hitRatio(store: Store, requests: readonly string[]): number {
  let hits = 0
  for (const key of requests) {
    if (store.get(key) !== undefined) hits += 1
    else store.set(key, STORES)
  }
  return hits / requests.length
}

/** Requests whose keys are as popular as Zipf's law with an exponent of 0.9 has it. */
function zipf(keys: number, length: number, rank: (at: number, drawn: () => number) => number): string[] {
  const sums: number[] = []
  for (let key = 1, sum = 0; key <= keys; key += 1) sums.push((sum += key ** -0.9))
  let seed = 7
  const drawn = (): number => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    const sought = (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * (sums.at(-1) ?? 0)
    let [low, high] = [0, keys - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] ?? 0) < sought) low = middle + 1
      else high = middle
    }
    return low
  }
  const names = new Map<number, string>()
  return Array.from({ length }, (_, at) => {
    const key = rank(at, drawn)
    const name = names.get(key) ?? Buffer.from(`holdfast:item:${String(key)}`).toString()
    names.set(key, name)
    return name
  })
}

/** Operations a millisecond of each, the median of rounds in turns, as ratios to the first. */
function compareSpeed(title: string, candidates: Record<string, () => void>): void {
  const times = Object.entries(candidates).map(([name, run]) => ({ name, run, ms: [] as number[] }))
  for (let round = -2; round < ROUNDS; round += 1) {
    for (const { run, ms } of times) {
      const start = performance.now()
      run()
      if (round >= 0) ms.push(performance.now() - start)
    }
  }
  const median = (ms: number[]): number => ms.sort((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN
  const anchor = median(times[0]?.ms ?? [])
  console.log(`\n${title}`)
  for (const { name, ms } of times) console.log(`  ${(anchor / median(ms)).toFixed(2).padStart(6)}  ${name}`)
}

function compareLookups(): void {
  const requests = zipf(10_000, REQUESTS, (_, drawn) => drawn())
  const map = new Map<string, unknown>()
  const lru = new LRUCache<string, object>({ max: 10_000, maxSize: 1e9, ttlResolution: 0 })
  const bounded = new BoundedMap<unknown>({ maxEntries: 10_000, maxBytes: 1e9 })
  for (const key of requests) {
    map.set(key, STORES)
    lru.set(key, STORES, { size: 1024, ttl: TTL_MS })
    bounded.set(key, STORES, 1024, performance.now() + TTL_MS)
  }
  const lookUp = (get: (key: string) => unknown) => () => {
    for (const key of requests) if (get(key) === undefined) throw new Error('a key is missing')
  }
  compareSpeed('A hit among 10,000 keys under Zipf', {
    Map: lookUp((key) => map.get(key)),
    'lru-cache with a ttl': lookUp((key) => lru.get(key)),
    'BoundedMap with a deadline': lookUp((key) => bounded.get(key, performance.now())),
    'BoundedMap without the time': lookUp((key) => bounded.get(key)),
  })
}

/** Bytes an entry, of heap and buffers together, in a process of its own. */
function measureMemory(name: string): void {
  const used = (): number => {
    for (let times = 0; times < 4; times += 1) globalThis.gc?.()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const before = used()
  // Some take their room at once.
  const store = STORES[name]?.(ENTRIES)
  for (let entry = 0; entry < ENTRIES; entry += 1) {
    store?.set(`holdfast:item:${String(entry)}`, Buffer.alloc(1024))
  }
  const bytes = (used() - before) / ENTRIES
  // Keeps the store alive until here.
  console.log(store?.get('holdfast:item:1') === undefined ? Number.NaN : bytes)
}

function compareMemory(): void {
  console.log(`\nMemory of ${String(ENTRIES)} entries of 1 KB, and bytes an entry over the Map`)
  const bytes = Object.keys(STORES).map((name) => {
    const args = ['--expose-gc', '--import', 'tsx', __filename, name]
    return [name, Number(execFileSync(process.execPath, args).toString())] as const
  })
  const anchor = bytes[0]?.[1] ?? Number.NaN
  for (const [name, each] of bytes) {
    console.log(
      `  ${(each / anchor).toFixed(3).padStart(6)}  ${(each - anchor).toFixed(0).padStart(3)}  ${name}`,
    )
  }
}

function main(): void {
  const workloads = {
    'Zipf 0.9': zipf(KEYS, REQUESTS, (_, drawn) => drawn()),
    'Zipf 0.9 with scans': zipf(KEYS, REQUESTS, (at, drawn) => (at % 50_000 < 40_500 ? drawn() : KEYS + at)),
    'Zipf 0.9, shifting': zipf(
      KEYS,
      REQUESTS,
      (at, drawn) => (drawn() + 5000 * Math.floor(at / 62_500)) % KEYS,
    ),
  }
  const caches = { 'a Map, first in, first out': () => new Fifo(), ...STORES } as Partial<typeof STORES>
  delete caches['Map']
  for (const [title, requests] of Object.entries(workloads)) {
    console.log(`\nHit ratio at 10 % capacity: ${title}`)
    for (const [name, create] of Object.entries(caches)) {
      console.log(
        `  ${hitRatio(create?.(CAPACITY) ?? new Fifo(), requests)
          .toFixed(3)
          .padStart(6)}  ${name}`,
      )
    }
  }
  compareSpeed(
    'A cache at 10 % capacity under Zipf',
    Object.fromEntries(
      Object.entries(caches).map(([name, create]) => [
        name,
        () => hitRatio(create?.(CAPACITY) ?? new Fifo(), workloads['Zipf 0.9']),
      ]),
    ),
  )
  compareLookups()
  compareMemory()
}

const measured = process.argv[2]
if (measured === undefined) main()
else measureMemory(measured)
