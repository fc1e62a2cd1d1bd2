import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

// Below the range that systems take for outgoing connections: from there, a client that keeps dialling a
// server which is away could be given the server's own port.
const LOWEST_PORT = 20_000
const HIGHEST_PORT = 32_000

const given = new Set<number>()

/** A port of 127.0.0.1 that nothing listens on at this moment, a different one each time. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT)
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => {
      resolve(false)
    })
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      probe.close(() => {
        resolve(true)
      })
    })
  })
}
