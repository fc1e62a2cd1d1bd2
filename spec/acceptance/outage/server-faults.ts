import type { Fault } from './fault'
import { done } from './fault'

const LOADING = ['--loading-process-events-interval-bytes', '1024']
const FILL = "for i = 1, ARGV[1] do redis.call('SET', 'filler:' .. i, 'x') end"
const FILLER_KEYS = 1500
const LOAD_DELAY_PER_KEY_MICROSECONDS = '500'

/** What happens to Redis itself. */
export const serverFaults: readonly Fault[] = [
  {
    name: 'kill -9, and a restart with the same data set',
    isTakenFor: 'an outage',
    server: { persistent: true },
    bringAbout: async ({ server }) => {
      await server.kill()
      return () => server.start()
    },
    lastsMs: 1000,
  },
  {
    name: 'kill -9, and a restart with nothing',
    isTakenFor: 'an outage',
    bringAbout: async ({ server }) => {
      await server.kill()
      return () => server.restart({ dataset: 'empty' })
    },
  },
  {
    name: 'kill -9, and a restart with an older data set',
    isTakenFor: 'an outage',
    bringAbout: async ({ server, olderDataset }) => {
      await server.kill()
      return () => server.restart({ dataset: olderDataset })
    },
  },
  {
    name: 'a kill and a restart with an older data set within a moment',
    isTakenFor: 'an outage',
    bringAbout: async ({ server, olderDataset }) => {
      await server.restart({ dataset: olderDataset })
      return done
    },
  },
  {
    name: 'a freeze of 5 s',
    isTakenFor: 'an outage',
    bringAbout: async ({ server }) => {
      await server.stop()
      return () => server.continue()
    },
    lastsMs: 5000,
  },
  {
    name: 'a freeze of 200 ms',
    isTakenFor: 'nothing',
    bringAbout: async ({ server }) => {
      await server.stop()
      return () => server.continue()
    },
    lastsMs: 200,
  },
  {
    name: 'a Redis that is absent at the start, and appears',
    isTakenFor: 'an outage',
    isAtStart: true,
    server: { persistent: true },
    bringAbout: async ({ server }) => {
      await server.kill()
      return () => server.start()
    },
    lastsMs: 1000,
  },
  {
    name: 'a Redis that is never there',
    isTakenFor: 'an outage for life',
    isAtStart: true,
    bringAbout: async ({ server }) => {
      await server.kill()
      return done
    },
    lastsMs: 1000,
  },
  {
    name: 'a password that was changed, and is right again after a restart',
    isTakenFor: 'an outage',
    server: { password: 'right' },
    bringAbout: async ({ server }) => {
      await server.configSet('requirepass', 'wrong')
      await server.restart()
      return async () => {
        await server.configSet('requirepass', 'right')
        await server.restart()
      }
    },
    lastsMs: 700,
  },
  {
    name: 'NOAUTH, from a Redis that asks for a password after a restart',
    isTakenFor: 'an outage',
    bringAbout: async ({ server }) => {
      await server.configSet('requirepass', 'unknown')
      await server.restart()
      return () => server.configSet('requirepass', '')
    },
    lastsMs: 700,
  },
  {
    name: 'READONLY, from a master that is demoted under its connections',
    isTakenFor: 'an outage',
    bringAbout: async ({ server }) => {
      await server.command('REPLICAOF', '127.0.0.1', '1')
      return () => server.command('REPLICAOF', 'NO', 'ONE')
    },
    lastsMs: 700,
  },
  {
    name: 'NOREPLICAS, from a master that has lost its replicas',
    isTakenFor: 'an outage',
    bringAbout: async ({ server }) => {
      await server.configSet('min-replicas-to-write', '1')
      return () => server.configSet('min-replicas-to-write', '0')
    },
    lastsMs: 700,
  },
  {
    name: 'LOADING, from a Redis that is restarted with much to read',
    isTakenFor: 'an outage',
    server: { args: LOADING },
    bringAbout: async ({ server }) => {
      await server.command('EVAL', FILL, '0', String(FILLER_KEYS))
      await server.configSet('key-load-delay', LOAD_DELAY_PER_KEY_MICROSECONDS)
      const restarted = server.restart()
      return () => restarted
    },
  },
  {
    name: 'OOM, from a Redis whose memory is full',
    isTakenFor: 'an outage',
    bringAbout: async ({ server }) => {
      await server.configSet('maxmemory', '1')
      return () => server.configSet('maxmemory', '0')
    },
    lastsMs: 700,
  },
  {
    name: 'FLUSHALL by somebody',
    isTakenFor: 'forgetting',
    bringAbout: async ({ server }) => {
      await server.command('FLUSHALL')
      return done
    },
  },
  {
    name: 'SWAPDB by somebody, with an older copy',
    isTakenFor: 'forgetting',
    bringAbout: async ({ server }) => {
      await server.command('SWAPDB', '0', '1')
      return done
    },
  },
  {
    name: 'CLIENT KILL of each connection',
    isTakenFor: 'an outage',
    bringAbout: async ({ server }) => {
      const clients = await server.command('CLIENT', 'LIST', 'TYPE', 'normal')
      const ids = [...clients.matchAll(/\bid=(\d+) .*cmd=(?!client)/g)].map(([, id]) => String(id))
      for (const id of ids) await server.command('CLIENT', 'KILL', 'ID', id)
      return done
    },
  },
]
