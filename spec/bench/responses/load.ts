import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** How a site is asked. */
export interface Load {
  readonly port: number
  readonly connections: number
  readonly ms: number
  /** Gives the path of each request. */
  readonly nextPath: () => string
}

const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * Asks over so many connections that are kept alive, on each when the one before is answered. Gives how long each
 * answer took, in milliseconds.
 */
export async function putUnder(load: Load): Promise<number[]> {
  const taken: number[] = []
  const end = performance.now() + load.ms
  await Promise.all(Array.from({ length: load.connections }, () => drive(load, end, taken)))
  return taken
}

function drive({ port, nextPath }: Load, end: number, taken: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let asked = 0
    const ask = (): void => {
      asked = performance.now()
      socket.write(`GET ${nextPath()} HTTP/1.1\r\nHost: bench\r\nAccept: application/json\r\n\r\n`)
    }
    onAnswers(socket, () => {
      const now = performance.now()
      taken.push(now - asked)
      if (now < end) ask()
      else {
        socket.destroy()
        resolve()
      }
    })
    socket.once('error', reject)
    socket.once('connect', ask)
  })
}

/** Every answer has a length, and there is one at a time. */
function onAnswers(socket: Socket, onAnswer: () => void): void {
  let missing = 0
  socket.on('data', (data) => {
    if (missing === 0) {
      const start = data.indexOf(HEAD_END) + HEAD_END.length
      const head = data.toString('latin1', 0, start)
      if (!head.startsWith('HTTP/1.1 200')) throw new Error(head)
      missing = Number(/content-length: (\d+)/i.exec(head)?.[1]) + start
    }
    missing -= data.length
    if (missing === 0) onAnswer()
  })
}
