import { DEMO_PASSWORD } from '../database/open-school-database'

/** What came back. */
export interface Reply<Body> {
  readonly status: number
  readonly body: Body
  /** From sending the request to having read the answer. */
  readonly ms: number
  /** What `cacheResponse` says it did. */
  readonly cacheStatus: string | null
}

/** What to send. */
export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly token?: string
  readonly json?: unknown
}

/** Talks to one instance of the service over real HTTP. */
export class SchoolClient {
  readonly #url: string

  /** @param url where the instance is, without a slash at the end */
  constructor(url: string) {
    this.#url = url
  }

  /** Sends one request; `Body` is what the route answers. */
  async send<Body = unknown>(path: string, { method = 'GET', token, json }: Call = {}): Promise<Reply<Body>> {
    const headers = new Headers()
    if (token !== undefined) headers.set('Authorization', `Bearer ${token}`)
    if (json !== undefined) headers.set('Content-Type', 'application/json')
    const start = performance.now()
    const response = await fetch(this.#url + path, {
      method,
      headers,
      ...(json !== undefined && { body: JSON.stringify(json) }),
    })
    const text = await response.text()
    const ms = performance.now() - start
    const isJson = response.headers.get('Content-Type')?.startsWith('application/json') ?? false
    // The caller names the route and what it answers in one line.
    const body = (isJson ? JSON.parse(text) : text) as Body
    return { status: response.status, body, ms, cacheStatus: response.headers.get('Cache-Status') }
  }

  /** Asks for the dashboard of a token's bearer. */
  dashboard<Body = unknown>(token: string): Promise<Reply<Body>> {
    return this.send<Body>('/dashboard', { token })
  }

  /**
   * Logs a seeded account in and returns its token.
   *
   * @throws Error where the service answers anything but 200
   */
  async logIn(email: string): Promise<string> {
    const json = { email, password: DEMO_PASSWORD }
    const { status, body } = await this.send<{ token: string }>('/login', { method: 'POST', json })
    if (status !== 200) throw new Error(`Expected ${email} to log in, got ${String(status)}`)
    return body.token
  }
}
