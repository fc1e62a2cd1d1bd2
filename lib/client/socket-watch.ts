import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/** What can be said and done from outside about a socket of somebody else's. */
export type WatchedSocket = Pick<Socket, 'bytesRead' | 'destroy'>

const CHANNEL = 'net.client.socket'

/**
 * Runs what opens a socket, and catches sight of it. Node tells of each socket as it is made; before Node 22
 * not of those for TLS: then there is none.
 */
export function watchSocket<Result>(open: () => Result): {
  readonly result: Result
  readonly socket: WatchedSocket | undefined
} {
  const opened: WatchedSocket[] = []
  const onSocket = (message: unknown): void => {
    opened.push((message as { socket: Socket }).socket)
  }
  subscribe(CHANNEL, onSocket)
  try {
    const result = open()
    return { result, socket: opened[0] }
  } finally {
    unsubscribe(CHANNEL, onSocket)
  }
}
