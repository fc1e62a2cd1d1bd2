import { setImmediate as nextTurn } from 'node:timers/promises'
import { BasicClientSideCache, createClient } from 'redis'
import { createCache } from 'holdfast'
import type { Cache } from 'holdfast'
import { eventually } from '../support/eventually'
import { RedisServer } from '../support/redis-server'
import { compare } from './compare'

const KEYS = 100
const WRITES = 300

/** What a near copy of a value in Redis costs beside one in memory, and how soon it is gone when another one writes. */
export async function compareNear(): Promise<void> {
  const server = await RedisServer.start()
  const memory = createCache({ redis: false, logger: false })
  const options = { redis: server.url, namespace: 'bench', logger: false, commandTimeout: 5000 } as const
  const near = createCache(options)
  const other = createCache(options)
  try {
    await eventually(() => near.isConnected && other.isConnected)
    for (const kilobytes of [1, 100]) {
      await Promise.all([fill(memory, kilobytes), fill(near, kilobytes)])
      let at = 0
      const next = (): string => nameOf((at = (at + 1) % KEYS))
      await compare(`A hit in process, ${String(kilobytes)} KB`, 1, {
        'of what memory has': () => memory.get(next()),
        'of what Redis has': () => near.get(next()),
      })
    }
    await timeForeignWrites(server.url, { near, other })
  } finally {
    await Promise.all([memory.close(), near.close(), other.close()])
    await server.close()
  }
}

/** From before a write is sent by one until another one, who has the value near, reads the new one. */
async function timeForeignWrites(url: string, { near, other }: { near: Cache; other: Cache }): Promise<void> {
  const sideCache = await createClient({
    url,
    RESP: 3,
    clientSideCache: new BasicClientSideCache(),
  }).connect()
  const raw = await createClient({ url }).connect()
  const peers: Record<string, Pair> = {
    'node-redis, clientSideCache': {
      write: (value) => raw.set('seen', value),
      read: () => sideCache.get('seen'),
    },
    holdfast: {
      write: (value) => other.set('seen', value),
      read: () => near.get('seen'),
    },
  }
  const times = new Map(Object.keys(peers).map((name) => [name, [] as number[]]))
  for (let write = 0; write < WRITES; write += 1)
    for (const [name, pair] of Object.entries(peers))
      times.get(name)?.push(await timeWrite(pair, String(write)))
  sideCache.destroy()
  raw.destroy()
  console.log('\nA write of another process, until it is read here\n  median     p99')
  for (const [name, each] of times) {
    const columns = [quantile(each, 0.5), quantile(each, 0.99)].map((ms) => `${ms.toFixed(1)} ms`.padStart(8))
    console.log(`${columns.join('')}  ${name}`)
  }
}

interface Pair {
  readonly write: (value: string) => Promise<unknown>
  readonly read: () => Promise<unknown>
}

async function timeWrite({ write, read }: Pair, value: string): Promise<number> {
  // What is read twice is near.
  for (let reading = 0; reading < 3; reading += 1) await read()
  const begun = performance.now()
  const written = write(value)
  while ((await read()) !== value) await nextTurn()
  const took = performance.now() - begun
  await written
  return took
}

async function fill(cache: Cache, kilobytes: number): Promise<void> {
  const rows = Array.from({ length: kilobytes * 9 }, (_, row) => ({
    id: row,
    subject: 'Mathematics',
    mark: 'A+',
  }))
  for (let id = 0; id < KEYS; id += 1) await cache.set(nameOf(id), { id, rows })
  for (let reading = 0; reading < 3; reading += 1) {
    for (let id = 0; id < KEYS; id += 1) await cache.get(nameOf(id))
    await nextTurn()
  }
}

function nameOf(id: number): string {
  return `student:${String(id)}`
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN
}
