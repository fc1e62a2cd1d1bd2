import { once } from 'node:events'
import { connect } from 'node:net'

/** Where a server is, and what it asks for. */
export interface RedisAddress {
  port: number
  password?: string | undefined
}

const TIMEOUT_MS = 5000

/**
 * Sends one command over a socket of its own and returns the reply as text: the line of a simple reply, the
 * content of a bulk one, the elements of an array one a line. Without a client library, so that nothing retries or waits behind a test's back.
 *
 * @throws The server's error reply, or what the socket failed with.
 */
export async function redisCommand({ port, password }: RedisAddress, ...command: string[]): Promise<string> {
  const greeting = password === undefined ? ['PING'] : ['AUTH', password]
  const socket = connect(port, '127.0.0.1').setEncoding('utf8').setTimeout(TIMEOUT_MS)
  socket.on('timeout', () => socket.destroy(new Error(`No reply within ${String(TIMEOUT_MS)} ms`)))
  let received = ''
  socket.on('data', (text: string) => {
    received += text
  })
  socket.write([greeting, command, ['QUIT']].map(encode).join(''))
  await once(socket, 'close')
  return secondReply(received)
}

function encode(command: string[]): string {
  const parts = command.map((part) => `$${String(Buffer.byteLength(part))}\r\n${part}\r\n`)
  return `*${String(command.length)}\r\n${parts.join('')}`
}

/** What stands between the reply to the greeting and the one to `QUIT`. */
function secondReply(received: string): string {
  const [greeted = '', first = '', ...rest] = received.split('\r\n')
  const error = [greeted, first].find((line) => line.startsWith('-'))
  if (error !== undefined) throw new Error(error.slice(1))
  if (first === '') throw new Error('The server closed the connection without a reply')
  const content = rest.slice(0, -2)
  if (first.startsWith('*')) return content.filter((line) => !line.startsWith('$')).join('\n')
  return first.startsWith('$') ? content.join('\r\n') : first.slice(1)
}
