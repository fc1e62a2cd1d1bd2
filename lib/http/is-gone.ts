import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** What is called when a connection ends on which responses wait for their turn. */
const waiting = new WeakMap<Socket, Set<() => void>>()

/** Whether nobody is there any more to be answered, also where a response has not had its turn on its connection. */
export function isGone(res: ServerResponse): boolean {
  return res.destroyed || res.req.socket.destroyed
}

/**
 * Calls something once nobody is there any more to be answered. Of a response that waits for those before it on its
 * connection (RFC 9112 §9.3.2), Node says nothing.
 */
export function whenGone(res: ServerResponse, call: () => void): void {
  res.on('close', call)
  if (res.socket !== null) return
  const { socket } = res.req
  const calls = waiting.get(socket) ?? listenOnce(socket)
  calls.add(call)
  res.once('socket', () => calls.delete(call))
}

function listenOnce(socket: Socket): Set<() => void> {
  const calls = new Set<() => void>()
  waiting.set(socket, calls)
  socket.once('close', () => {
    for (const call of calls) call()
  })
  return calls
}
