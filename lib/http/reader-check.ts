import { IncomingMessage } from 'node:http'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { saysWhoAsks } from './who-asks'

/** What a route has read of its request that its key may not cover. */
export interface Reads {
  /** Identities, by the way in which they were read: `cookie`, `req.user`, `locals.user`. */
  readonly identities: ReadonlySet<string>
  /** Other request fields, in lower case. */
  readonly fields: ReadonlySet<string>
}

/** Watches what a route reads. */
export interface ReaderCheck {
  readonly reads: Reads
  /** Calls something of which the reads do not count. */
  readonly outside: <Result>(call: () => Result) => Result
  /** Puts everything back as it was. */
  readonly end: () => void
}

/** Where middleware commonly puts who asks. */
const IDENTITIES = ['auth', 'user', 'session', 'sessionID', 'cookies', 'signedCookies'] as const

/** Properties that say something of the one who asks, by their names. */
const PERSONAL =
  /user|auth|session|account|tenant|customer|member|csrf|nonce|token|identity|principal|profile/i

/** What Node and Express put on a request themselves, and what is of every request alike. */
const IMPERSONAL = new Set<PropertyKey>([
  ...Reflect.ownKeys(new IncomingMessage(new Socket())),
  ...[
    '_readableState _events _eventsCount _maxListeners socket httpVersionMajor httpVersionMinor httpVersion complete',
    'rawHeaders rawTrailers joinDuplicateHeaders aborted upgrade url method statusCode statusMessage client',
    '_consuming _dumped next baseUrl originalUrl _parsedUrl _parsedOriginalUrl params query res route app',
    'body _body files file id log requestId rateLimit secret logger startTime _startAt _startTime _remoteAddress',
    'sessionStore originalMethod headers trailers __ot_middlewares',
  ].flatMap((names) => names.split(' ')),
])

/**
 * Watches what a route reads of who asks: of the headers, of what earlier middleware put on the request and in
 * `res.locals`. What it keeps in closures or an AsyncLocalStorage is not seen.
 *
 * @param isIdentified - whether the request says who asks. Then all that earlier middleware has put there may be
 *   about that; else only what is named so.
 */
export function watchReads(req: IncomingMessage, res: ServerResponse, isIdentified: boolean): ReaderCheck {
  const identities = new Set<string>()
  const fields = new Set<string>()
  const undo: (() => void)[] = []
  let depth = 0
  const note = (into: Set<string>, name: string): void => {
    if (depth === 0) into.add(name)
  }

  const noteHeader = (name: string): void => {
    note(saysWhoAsks(name) ? identities : fields, name)
  }

  const { headers } = req
  req.headers = watchHeaders(headers, (name) => {
    noteHeader(name)
  })
  const watched = req.headers
  undo.push(() => {
    if (req.headers === watched) req.headers = headers
  })

  const mayBePersonal = (key: PropertyKey): boolean => isIdentified || PERSONAL.test(nameOf(key))
  const put = Reflect.ownKeys(req).filter((key) => !IMPERSONAL.has(key) && mayBePersonal(key))
  for (const key of new Set<string | symbol>([...IDENTITIES, ...put])) {
    undo.push(
      watchProperty(req, key, () => {
        note(identities, `req.${nameOf(key)}`)
      }),
    )
  }

  // Where they are as they came: whoever looks there reads those that are there.
  for (const key of ['rawHeaders', 'headersDistinct']) {
    undo.push(
      watchProperty(req, key, () => {
        for (const name of Object.keys(headers)) noteHeader(name)
      }),
    )
  }

  const { locals } = res as ServerResponse & { locals?: Record<string, unknown> }
  if (typeof locals === 'object') {
    for (const key of Reflect.ownKeys(locals).filter(mayBePersonal)) {
      undo.push(
        watchProperty(locals, key, () => {
          note(identities, `locals.${nameOf(key)}`)
        }),
      )
    }
  }

  return {
    reads: { identities, fields },
    outside(call) {
      depth += 1
      try {
        return call()
      } finally {
        depth -= 1
      }
    },
    end() {
      for (const restore of undo.splice(0)) restore()
    },
  }
}

function watchHeaders(headers: IncomingHttpHeaders, onRead: (name: string) => void): IncomingHttpHeaders {
  return new Proxy(headers, {
    get(target, name, receiver) {
      if (typeof name === 'string') onRead(name.toLowerCase())
      return Reflect.get(target, name, receiver) as unknown
    },
    has(target, name) {
      if (typeof name === 'string') onRead(name.toLowerCase())
      return Reflect.has(target, name)
    },
    // Whoever copies them all reads those that are there.
    getOwnPropertyDescriptor(target, name) {
      if (typeof name === 'string' && name in target) onRead(name.toLowerCase())
      return Reflect.getOwnPropertyDescriptor(target, name)
    },
  })
}

/** What a property is called, as a token that may stand in a field. */
function nameOf(key: PropertyKey): string {
  const name = typeof key === 'symbol' ? (key.description ?? '') : String(key)
  return name.replace(/[^\w.-]+/g, '-') || 'symbol'
}

/**
 * Puts a getter in the place of a property, of which nobody else notices. Returns what takes it away again. One that
 * lets nothing be put in its place counts as read.
 */
function watchProperty(target: object, name: string | symbol, onRead: () => void): () => void {
  const own = Object.getOwnPropertyDescriptor(target, name)
  if (own?.configurable === false) {
    onRead()
    return () => undefined
  }
  // The property as it would be if it weren't watched.
  const held = Object.create(Object.getPrototypeOf(target) as object | null) as object
  if (own !== undefined) Object.defineProperty(held, name, own)
  const get = (): unknown => {
    onRead()
    return Reflect.get(held, name, target) as unknown
  }
  const set = (value: unknown): void => {
    Reflect.set(held, name, value)
  }
  Object.defineProperty(target, name, { configurable: true, enumerable: own?.enumerable ?? false, get, set })
  return () => {
    // Somebody further in may have put a property of their own in its place.
    if (Object.getOwnPropertyDescriptor(target, name)?.get !== get) return
    Reflect.deleteProperty(target, name)
    const now = Object.getOwnPropertyDescriptor(held, name)
    if (now !== undefined) Object.defineProperty(target, name, now)
  }
}
