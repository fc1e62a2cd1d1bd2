import type { Express } from 'express'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An application that is being served. */
export interface RunningServer {
  /** Where, without a slash at the end. */
  readonly url: string
  /** Stops taking requests, and resolves when those under way are answered. */
  readonly close: () => Promise<void>
}

/** How long requests under way have to come to their end when the server closes. */
const GRACE_MS = 5000
/** How often a closing server looks for connections that have become idle. */
const SWEEP_MS = 50

/**
 * Serves an application.
 *
 * @param port 0 for any that is free
 */
export async function listen(app: Express, port: number, host: string): Promise<RunningServer> {
  const server = createServer(app)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  // A server on a TCP port has an address object.
  const address = server.address() as AddressInfo
  return { url: `http://${host}:${String(address.port)}`, close: () => closeServer(server) }
}

/** Clients keep their connections; what has been answered since `close()` is hung up on, not waited for. */
async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  const sweep = setInterval(() => {
    server.closeIdleConnections()
  }, SWEEP_MS)
  const deadline = setTimeout(() => {
    server.closeAllConnections()
  }, GRACE_MS)
  await closed
  clearInterval(sweep)
  clearTimeout(deadline)
}
