import { setTimeout as delay } from 'node:timers/promises'
import { Cacheable } from 'cacheable'
import { createCache } from 'holdfast'
import type { Cache } from 'holdfast'
import { eventually } from '../support/eventually'
import { RedisServer } from '../support/redis-server'
import { loadBentocache } from './outage/contenders/bentocache'

const LOAD_MS = 200
const ROUNDS = 5
const HOUR_MS = 3_600_000

/** How many callers of each instance ask for the key. */
type Ask = (key: string, load: () => Promise<string>) => Promise<unknown>

/**
 * What a thousand callers at once of a key that is not there cost: loads, and the time until the last one has the
 * value, as a multiple of that of one load. Four instances stand for four processes here: each has a connection and
 * a memory of its own.
 */
export async function compareStampedes(): Promise<void> {
  const server = await RedisServer.start()
  const options = { redis: server.url, logger: false, commandTimeout: 5000 } as const
  const caches = Array.from({ length: 4 }, () => createCache(options))
  const { BentoCache, bentostore, memoryDriver } = await loadBentocache()
  const bento = new BentoCache({
    default: 'memory',
    stores: { memory: bentostore().useL1Layer(memoryDriver({ maxSize: '50mb' })) },
  })
  const cacheable = new Cacheable()
  const ask =
    (cache: Cache): Ask =>
    (key, load) =>
      cache.getOrSet(key, load, '1h')
  try {
    await eventually(() => caches.every((cache) => cache.isConnected))
    console.log(
      `\nA thousand callers of one key, a load of ${String(LOAD_MS)} ms\n   loads  time  second wave`,
    )
    await report('holdfast, one instance', caches.slice(0, 1).map(ask))
    await report('holdfast, 4 instances × 250', caches.map(ask))
    await report('bentocache in memory, one instance', [
      (key, load) => bento.getOrSet({ key, factory: load, ttl: HOUR_MS }),
    ])
    await report('cacheable in memory, one instance', [(key, load) => cacheable.getOrSet(key, load)])
  } finally {
    await Promise.all([...caches.map((cache) => cache.close()), cacheable.disconnect()])
    await server.close()
  }
}

async function report(name: string, instances: readonly Ask[]): Promise<void> {
  const loads: number[] = []
  const times: number[] = []
  let late = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    let count = 0
    const load = async (): Promise<string> => {
      count += 1
      await delay(LOAD_MS)
      return 'made'
    }
    const key = `${name} ${String(round)}`
    const wave = (): Promise<unknown> =>
      Promise.all(
        Array.from({ length: 1000 }, async (_, caller) => instances[caller % instances.length]?.(key, load)),
      )
    const begun = performance.now()
    await wave()
    times.push((performance.now() - begun) / LOAD_MS)
    loads.push(count)
    await wave()
    late += count - (loads.at(-1) ?? 0)
  }
  const median = (values: number[]): number =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
  const columns = [median(loads).toFixed(0).padStart(8), median(times).toFixed(2), String(late).padStart(6)]
  console.log(`${columns.join('  ')}  ${name}`)
}
