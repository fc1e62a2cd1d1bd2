import { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** An Express application: it takes a request and a response, and may be mounted in another one. */
interface Application {
  (req: IncomingMessage, res: ServerResponse): void
  readonly parent?: Application
}

interface ExpressRequest extends IncomingMessage {
  readonly app?: Application
  readonly originalUrl?: string
}

const reruns = new WeakSet<IncomingMessage>()

/** Whether a request is one that nobody waits for: it is there to have the route run. */
export function isRerun(req: IncomingMessage): boolean {
  return reruns.has(req)
}

/**
 * Has a request answered once more, off its client's connection: the application takes it as it took the first, and
 * what it sends goes nowhere but to the cache.
 *
 * @returns `undefined` where there is no application to be asked: outside of Express. Else resolves when it is done
 *   or its time is up.
 */
export function rerun(asked: IncomingMessage, timeoutMs: number): Promise<void> | undefined {
  const app = rootOf((asked as ExpressRequest).app)
  if (app === undefined) return undefined
  const socket = new NoSocket(asked.socket) as unknown as Socket
  const req = new IncomingMessage(socket)
  req.method = 'GET'
  req.url = (asked as ExpressRequest).originalUrl ?? asked.url ?? '/'
  req.httpVersion = asked.httpVersion
  req.httpVersionMajor = asked.httpVersionMajor
  req.httpVersionMinor = asked.httpVersionMinor
  req.rawHeaders = [...asked.rawHeaders]
  req.headers = { ...asked.headers }
  req.complete = true
  req.push(null)
  reruns.add(req)
  const res = new ServerResponse(req)
  res.assignSocket(socket)
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      resolve()
      socket.destroy()
    }
    const timer = setTimeout(end, timeoutMs).unref()
    res.once('finish', () => {
      res.detachSocket(socket)
      res.emit('close')
      end()
    })
    socket.once('close', end)
    app(req, res)
  })
}

function rootOf(app: Application | undefined): Application | undefined {
  return app?.parent === undefined ? app : rootOf(app.parent)
}

/** Where the bytes of such a response go. It has the address of the client, for those who ask for it. */
class NoSocket extends Duplex {
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  readonly remoteFamily: string | undefined
  readonly localAddress: string | undefined
  readonly localPort: number | undefined
  readonly encrypted: boolean

  constructor(client: Socket) {
    super()
    this.remoteAddress = client.remoteAddress
    this.remotePort = client.remotePort
    this.remoteFamily = client.remoteFamily
    this.localAddress = client.localAddress
    this.localPort = client.localPort
    this.encrypted = (client as Socket & { encrypted?: boolean }).encrypted === true
    // A server listens to those of its connections: what a route breaks off with must not end the process.
    this.on('error', () => undefined)
  }

  /** There is nobody to wait for. */
  setTimeout(): this {
    return this
  }

  /** Nor anything to be set: routes do it all the same. */
  setKeepAlive(): this {
    return this
  }

  setNoDelay(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  override _read(): void {
    // Nothing comes.
  }

  override _write(_chunk: unknown, _encoding: BufferEncoding, callback: () => void): void {
    callback()
  }
}
