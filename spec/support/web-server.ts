import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import type {
  IncomingHttpHeaders,
  IncomingMessage,
  OutgoingHttpHeaders,
  RequestListener,
  Server,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { eventually } from './eventually'

/** What a client got, as it came over the wire. */
export interface Answer {
  status: number
  statusMessage: string
  headers: IncomingHttpHeaders
  /** Every line in its order, name as it was written. */
  lines: (readonly [name: string, value: string])[]
  body: Buffer
  text: string
}

/** What is asked beside the path. */
export interface Question {
  method?: string
  headers?: OutgoingHttpHeaders
  body?: string
}

/** A real HTTP server on 127.0.0.1, and a client that changes nothing of what it gets. */
export class WebServer {
  readonly #server: Server
  readonly #agent = new Agent({ keepAlive: true })
  #open = 0

  private constructor(listener: RequestListener) {
    this.#server = createServer((req, res) => {
      this.#open += 1
      res.once('close', () => {
        this.#open -= 1
      })
      listener(req, res)
    })
    // A connection that it ends may be one that a client is just about to use again: that is a hang-up, and nobody's fault.
    this.#server.keepAliveTimeout = 0
  }

  /** A server that listens. */
  static async start(listener: RequestListener): Promise<WebServer> {
    const server = new WebServer(listener)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  /** Where it listens, without a slash at the end. */
  get url(): string {
    return `http://${this.host}`
  }

  /** What `Host` says where a request says nothing else. */
  get host(): string {
    return `127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`
  }

  /** Asks, and resolves when the server is done with it too: whatever it does at the end has been done. */
  async get(path: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return this.ask(path, { headers })
  }

  /** The same with any method. */
  async ask(path: string, question: Question = {}): Promise<Answer> {
    const answer = await this.exchange(path, question)
    await this.idle()
    return answer
  }

  /** Asks for a path, or for a URL with all of it in the request line, without waiting for the server to be done with it. */
  async exchange(path: string, { method = 'GET', headers = {}, body }: Question = {}): Promise<Answer> {
    const whole = path.startsWith('/') ? {} : { path }
    const url = path.startsWith('/') ? `${this.url}${path}` : this.url
    const asked = request(url, { ...whole, method, headers, agent: this.#agent })
    // What goes wrong before the response rejects below; what follows it shows in what was read.
    asked.on('error', () => undefined)
    asked.end(body)
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    const bytes = Buffer.concat(chunks)
    const { rawHeaders } = response
    return {
      status: response.statusCode ?? 0,
      statusMessage: response.statusMessage ?? '',
      headers: response.headers,
      lines: rawHeaders.flatMap((name, index) =>
        index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ''] as const] : [],
      ),
      body: bytes,
      text: bytes.toString(),
    }
  }

  /** Resolves when no request is under way. */
  async idle(): Promise<void> {
    await eventually(() => this.#open === 0)
  }

  /** Ends it, and every connection. */
  async close(): Promise<void> {
    this.#agent.destroy()
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }
}
