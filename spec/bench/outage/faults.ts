import { setTimeout as sleep } from 'node:timers/promises'
import { RedisServer } from '../../support/redis-server'
import { TcpProxy } from '../../support/tcp-proxy'
import { Cable } from './cable'

/** A Redis that is going to fail, for two instances of an application. */
export interface Scene {
  readonly server: RedisServer
  /** Where the first instance finds Redis: through what breaks, if that is the wire. */
  readonly firstPort: number
  readonly secondPort: number
  /** What precedes the changes. */
  prepare?(): Promise<void>
  begin(): Promise<void> | void
  /** Resolves when Redis answers again. */
  end(): Promise<void> | void
  close(): Promise<void>
}

/** A way to fail. */
export interface Fault {
  readonly title: string
  /** How long from its beginning to its end. */
  readonly durationMs: number
  /** Whether it is there before the application is. */
  readonly isThereFirst?: boolean
  /** Whether half of the keys are changed just before it, which Redis has acknowledged when it comes. */
  readonly hasEarlyChanges?: boolean
  stage(): Promise<Scene>
}

const FLAP_MS = 300

/** By the name that `--faults` takes. */
export const faults: Readonly<Record<string, Fault>> = {
  killed: {
    title: 'Killed, and back after 3 s with the same data set',
    durationMs: 3000,
    stage: async () => {
      const server = await RedisServer.start({ persistent: true })
      return onServer(server, { begin: () => server.kill(), end: () => server.start() })
    },
  },
  frozen: {
    title: 'Frozen for 5 s (SIGSTOP, SIGCONT)',
    durationMs: 5000,
    stage: async () => {
      const server = await RedisServer.start()
      return onServer(server, { begin: () => server.stop(), end: () => server.continue() })
    },
  },
  absent: {
    title: 'Absent when the application starts, and there after 2 s',
    durationMs: 2000,
    isThereFirst: true,
    stage: async () => {
      const server = await RedisServer.start({ persistent: true })
      return onServer(server, { begin: () => server.kill(), end: () => server.start() })
    },
  },
  older: {
    title: 'Killed, and back after 1 s with an older data set',
    durationMs: 1000,
    hasEarlyChanges: true,
    stage: async () => {
      const server = await RedisServer.start()
      let dataset = ''
      return onServer(server, {
        prepare: async () => {
          dataset = await server.snapshot()
        },
        begin: () => server.kill(),
        end: () => server.restart({ dataset }),
      })
    },
  },
  partitioned: {
    title: 'One of two instances partitioned from Redis for 4 s',
    durationMs: 4000,
    stage: async () => {
      const server = await RedisServer.start()
      const cable = await Cable.to(server.port)
      return onWire(server, {
        firstPort: cable.port,
        secondPort: server.port,
        begin: () => {
          cable.unplug()
        },
        end: () => {
          cable.plug()
        },
        cut: () => {
          cable.close()
        },
      })
    },
  },
  flapping: {
    title: 'Connections reset and refused, 0.3 s down and 0.3 s up, for 5 s',
    durationMs: 5000,
    stage: async () => {
      const server = await RedisServer.start()
      const proxy = await TcpProxy.start(server.port)
      let flapping: Promise<void> | undefined
      const stop = new AbortController()
      return onWire(server, {
        firstPort: proxy.port,
        secondPort: proxy.port,
        begin: () => {
          flapping = flap(proxy, stop.signal)
        },
        end: async () => {
          stop.abort()
          await flapping
        },
        cut: () => proxy.close(),
      })
    },
  },
}

function onServer(server: RedisServer, steps: Pick<Scene, 'prepare' | 'begin' | 'end'>): Scene {
  const { port } = server
  return { server, firstPort: port, secondPort: port, ...steps, close: () => server.close() }
}

function onWire(
  server: RedisServer,
  { cut, ...steps }: Omit<Scene, 'server' | 'close'> & { cut: () => Promise<void> | void },
): Scene {
  return {
    server,
    ...steps,
    close: async () => {
      await cut()
      await server.close()
    },
  }
}

/** Down, up, down and so on; up when it ends. */
async function flap(proxy: TcpProxy, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await proxy.refuse()
    await sleep(FLAP_MS)
    await proxy.accept()
    await sleep(FLAP_MS)
  }
}
