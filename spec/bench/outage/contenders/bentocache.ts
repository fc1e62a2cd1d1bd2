import type { Contender } from './contender'

// Its own types need those of every database it has a driver for, which are not installed.
interface Bentocache {
  getOrSet(call: { key: string; factory: () => Promise<unknown>; ttl: number }): Promise<unknown>
  get(call: { key: string }): Promise<unknown>
  set(call: { key: string; value: unknown; ttl: number }): Promise<unknown>
  delete(call: { key: string }): Promise<unknown>
}

interface Store {
  useL1Layer(driver: unknown): Store
  useL2Layer(driver: unknown): Store
  useBus(driver: unknown): Store
}

interface Modules {
  BentoCache: new (options: { default: string; stores: Record<string, Store> }) => Bentocache
  bentostore: (options?: Record<string, unknown>) => Store
  memoryDriver: (options: { maxSize: string }) => unknown
  redisDriver: (options: { connection: object }) => unknown
  redisBusDriver: (options: { connection: object }) => unknown
}

/** The multi-tier set-up of https://bentocache.dev/docs/multi-tier: memory, Redis and the bus, each on its defaults. */
export function openBentocache(port: number): Promise<Contender> {
  const connection = { host: '127.0.0.1', port }
  return open({ connection, busConnection: connection })
}

/** The same with what bentocache and ioredis offer against outages, chosen so that no call waits for long. */
export function openTunedBentocache(port: number): Promise<Contender> {
  const busConnection = {
    host: '127.0.0.1',
    port,
    connectTimeout: 1000,
    commandTimeout: 100,
    retryStrategy: () => 100,
  }
  return open({
    store: { l2CircuitBreakerDuration: '1s' },
    connection: { ...busConnection, maxRetriesPerRequest: 0, enableOfflineQueue: false },
    // The bus subscribes before it is connected, which takes the offline queue.
    busConnection: { ...busConnection, maxRetriesPerRequest: 1 },
  })
}

async function open(setUp: {
  store?: Record<string, unknown>
  connection: object
  busConnection: object
}): Promise<Contender> {
  const { BentoCache, bentostore, memoryDriver, redisDriver, redisBusDriver } = await loadBentocache()
  const cache = new BentoCache({
    default: 'multitier',
    stores: {
      multitier: bentostore(setUp.store)
        .useL1Layer(memoryDriver({ maxSize: '10mb' }))
        .useL2Layer(redisDriver({ connection: setUp.connection }))
        .useBus(redisBusDriver({ connection: setUp.busConnection })),
    },
  })
  return {
    getOrSet: (key, loader, ttl) => cache.getOrSet({ key, factory: loader, ttl }),
    get: (key) => cache.get({ key }),
    set: (key, value, ttl) => cache.set({ key, value, ttl }),
    delete: (key) => cache.delete({ key }),
  }
}

/** Its modules. */
export async function loadBentocache(): Promise<Modules> {
  const modules = ['bentocache', 'bentocache/drivers/memory', 'bentocache/drivers/redis']
  const loaded = await Promise.all(modules.map((module): Promise<unknown> => import(module)))
  return Object.assign({}, ...loaded) as Modules
}
