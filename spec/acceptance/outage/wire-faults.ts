import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as lasting } from 'node:timers/promises'
import type { Fault } from './fault'
import { done } from './fault'
import type { Scene } from './scene'

const HUGE_BYTES = 8_000_000
const HUGE_BYTES_PER_MS = 4000

/** What happens on the way to Redis. */
export const wireFaults: readonly Fault[] = [
  {
    name: 'a connection that is reset in mid-reply',
    isTakenFor: 'an outage',
    isWired: true,
    bringAbout: async (scene) => {
      await scene.wire((wire) => {
        wire.cutReplies(3)
      })
      return done
    },
  },
  {
    name: 'a connection that is half open',
    isTakenFor: 'an outage',
    isWired: true,
    bringAbout: async (scene) => {
      await scene.wire((wire) => {
        wire.blackhole()
      })
      return () =>
        scene.wire((wire) => {
          wire.pass()
        })
    },
    lastsMs: 2500,
  },
  {
    name: 'bytes that are held back, and arrive after the reconnect',
    isTakenFor: 'an outage',
    isWired: true,
    bringAbout: async (scene) => {
      await scene.wire((wire) => {
        wire.holdBack()
      })
      return async () => {
        await scene.ready()
        await scene.wire((wire) => {
          wire.release()
        })
      }
    },
  },
  {
    name: 'replies that all take 500 ms longer',
    isTakenFor: 'an outage',
    isWired: true,
    bringAbout: async (scene) => {
      await scene.wire((wire) => {
        wire.delayReplies(500)
      })
      return () =>
        scene.wire((wire) => {
          wire.pass()
        })
    },
    lastsMs: 2000,
  },
  {
    name: 'replies that all take 70 ms longer: what takes two of them is late',
    isTakenFor: 'an outage',
    isWired: true,
    bringAbout: async (scene) => {
      await scene.wire((wire) => {
        wire.delayReplies(70)
      })
      return () =>
        scene.wire((wire) => {
          wire.pass()
        })
    },
    lastsMs: 2000,
  },
  {
    name: 'a connection that comes and goes every 0.3 s',
    isTakenFor: 'outages',
    isWired: true,
    bringAbout: (scene) => {
      const flapping = flap(scene, { times: 10, everyMs: 300 })
      return () => flapping
    },
  },
  {
    name: 'a Redis that has as many clients as it takes',
    isTakenFor: 'an outage',
    isWired: true,
    server: { args: ['--maxclients', '20'] },
    bringAbout: async (scene) => {
      await scene.wire((wire) => wire.refuse())
      const hogs = await takeAllSeats(scene)
      await scene.wire((wire) => wire.accept())
      return () => {
        for (const hog of hogs) hog.destroy()
      }
    },
    lastsMs: 700,
  },
  {
    name: 'one instance that is partitioned, while the other is not',
    isTakenFor: 'an outage',
    isWired: true,
    hits: ['a'],
    bringAbout: ({ wires }) => {
      wires.a.blackhole()
      return () => {
        wires.a.pass()
      }
    },
    lastsMs: 1500,
  },
  {
    name: 'one huge reply that arrives slowly',
    isTakenFor: 'nothing',
    isWired: true,
    bringAbout: async (scene) => {
      await scene.server.command('SETRANGE', 'huge', String(HUGE_BYTES), 'x')
      await scene.wire((wire) => {
        wire.throttleReplies(HUGE_BYTES_PER_MS)
      })
      await scene.each((_, instance) => instance.ask('read', ['huge']))
      return done
    },
    lastsMs: HUGE_BYTES / HUGE_BYTES_PER_MS + 300,
  },
]

async function flap({ wires }: Scene, { times, everyMs }: { times: number; everyMs: number }): Promise<void> {
  for (let time = 0; time < times; time++) {
    await Promise.all([wires.a.refuse(), wires.b.refuse()])
    await lasting(everyMs)
    await Promise.all([wires.a.accept(), wires.b.accept()])
    if (time < times - 1) await lasting(everyMs)
  }
}

/** Connections that do nothing, as many as the server takes. */
async function takeAllSeats({ server }: Scene): Promise<Socket[]> {
  const seats: Socket[] = []
  for (;;) {
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write('PING\r\n')
    const [reply] = (await once(socket, 'data')) as [Buffer]
    if (!reply.toString().startsWith('+PONG')) return seats
    seats.push(socket)
  }
}
