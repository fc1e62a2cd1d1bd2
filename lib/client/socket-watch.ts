import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import tls from 'node:tls'

/** What can be said and done from outside about a socket of somebody else's. */
export type WatchedSocket = Pick<Socket, 'bytesRead' | 'destroy'>

const CHANNEL = 'net.client.socket'

/**
 * Runs what opens a socket, and catches sight of it. Node tells of each socket as it is made, and before Node 22 not of
 * those for TLS: so for as long as the opener runs, `tls.connect` tells what it has made.
 */
export function watchSocket<Result>(open: () => Result): {
  readonly result: Result
  readonly socket: WatchedSocket | undefined
} {
  const opened: WatchedSocket[] = []
  const onSocket = (message: unknown): void => {
    opened.push((message as { socket: Socket }).socket)
  }
  const { connect } = tls
  subscribe(CHANNEL, onSocket)
  tls.connect = (...args: unknown[]): tls.TLSSocket => {
    const socket = (connect as (...args: unknown[]) => tls.TLSSocket)(...args)
    opened.push(socket)
    return socket
  }
  try {
    const result = open()
    return { result, socket: opened[0] }
  } finally {
    tls.connect = connect
    unsubscribe(CHANNEL, onSocket)
  }
}
