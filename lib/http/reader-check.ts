import { IncomingMessage } from 'node:http'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { Note } from './note'
import { addedToBody, addedToParams, addedToQuery } from './parsed-parts'
import { nameOf, watchProperty } from './watched-property'
import type { RequestWatch } from './watched-requests'
import { beginWatch, endWatch, watchRequest } from './watched-requests'
import { saysWhoAsks } from './who-asks'

/** What a route has read of its request that its key may not cover. */
export interface Reads {
  /** Identities, by the way in which they were read: `cookie`, `req.user`, `locals.user`. */
  readonly identities: ReadonlySet<string>
  /** Other request fields, in lower case. */
  readonly fields: ReadonlySet<string>
}

/** Where middleware commonly puts who asks. */
const IDENTITIES: readonly string[] = ['auth', 'user', 'session', 'sessionID', 'cookies', 'signedCookies']
/** What a request is watched for beside its headers. */
const WATCHED = [...IDENTITIES, 'headersDistinct']

/** Properties that say something of the one who asks, by their names. */
const PERSONAL =
  /user|auth(?!or(?!i))|session|account|tenant|customer|member|csrf|nonce|token|identity|principal|profile|claims|jwt|decoded|viewer|oidc|ntlm/i

/** What Node and Express put on a request themselves, and what is of every request alike. */
const IMPERSONAL = new Set<PropertyKey>([
  ...Reflect.ownKeys(new IncomingMessage(new Socket())),
  ...[
    '_readableState _events _eventsCount _maxListeners socket httpVersionMajor httpVersionMinor httpVersion complete',
    'rawHeaders rawTrailers joinDuplicateHeaders aborted upgrade url method statusCode statusMessage client',
    '_consuming _dumped next baseUrl originalUrl _parsedUrl _parsedOriginalUrl params query res route app',
    'body _body id log requestId rateLimit secret logger startTime _startAt _startTime _remoteAddress',
    'sessionStore originalMethod headers trailers __ot_middlewares',
  ].flatMap((names) => names.split(' ')),
])

const NONE: ReadonlySet<string> = new Set()

/** What the router of Express 5 keeps on a request for itself, under symbols that nobody else has. */
const OF_THE_ROUTER = 'router.tracing.'

/**
 * Watches what a route reads of who asks: of the headers, of what earlier middleware put on the request and in
 * `res.locals`. What it keeps in closures or an AsyncLocalStorage is not seen.
 */
export class ReaderCheck implements Reads, RequestWatch {
  readonly fields = new Set<string>()
  #identities: Set<string> | undefined
  readonly #req: IncomingMessage
  readonly #headers: IncomingHttpHeaders
  readonly #rawHeaders: string[]
  readonly #watchedHeaders: IncomingHttpHeaders
  readonly #watchedRawHeaders: string[]
  readonly #isIdentified: boolean
  /** What finds the properties that the request doesn't have, where it doesn't find them itself. */
  readonly #prototype: object | undefined
  /** The one around it: a request may pass more than one cache. */
  readonly #outer: RequestWatch | undefined
  /** What is to be put back, the latest first. */
  #changes: Change | undefined
  #depth = 0
  #isOver = false

  /**
   * Begins to watch. Where the request says who asks, all that earlier middleware has put there may be about that; else
   * only what is named so. Where it may go to an application that is mounted further in, it is watched by itself.
   */
  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    { isIdentified, isMounting }: { readonly isIdentified: boolean; readonly isMounting: boolean },
  ) {
    this.#req = req
    this.#isIdentified = isIdentified
    this.#headers = req.headers
    this.#watchedHeaders = new Proxy(req.headers, new HeaderWatch(this))
    this.#rawHeaders = req.rawHeaders
    this.#watchedRawHeaders = new Proxy(req.rawHeaders, new ListWatch(this))
    const isSet = Reflect.set(req, 'headers', this.#watchedHeaders)
    if (!Reflect.set(req, 'rawHeaders', this.#watchedRawHeaders) || !isSet) this.noteHeaders()
    this.#outer = beginWatch(req, this)
    this.#prototype = isMounting ? undefined : watchRequest(req, WATCHED)
    if (isMounting) for (const name of WATCHED) if (!Object.hasOwn(req, name)) this.#watch(name)
    for (const key of Reflect.ownKeys(req)) if (this.#isPut(key)) this.#watch(key)
    if (this.#areTelling(addedToBody(req))) this.#watch('body')
    if (this.#areTelling(addedToQuery(req))) this.#watch('query')
    if (this.#areTelling(addedToParams(req))) this.#watch('params')
    this.#watchLocals((res as ServerResponse & { locals?: unknown }).locals)
  }

  get identities(): ReadonlySet<string> {
    return this.#identities ?? NONE
  }

  /** Whether an application that is mounted further in has kept it from seeing all reads. */
  get isBlind(): boolean {
    return this.#prototype !== undefined && Object.getPrototypeOf(this.#req) !== this.#prototype
  }

  onRead(name: string): void {
    this.#note(name)
    this.#outer?.onRead(name)
  }

  onSet(name: string): void {
    if (this.#isOver) this.#outer?.onSet(name)
    else this.#watch(name)
  }

  /** Somebody reads a header. */
  noteHeader(name: string): void {
    if (this.#depth > 0 || this.#isOver) return
    const lower = name.toLowerCase()
    if (saysWhoAsks(lower)) this.#noteIdentity(lower)
    // Express looks for both spellings.
    else this.fields.add(lower === 'referrer' ? 'referer' : lower)
  }

  /** Somebody looks where they are as they came: he reads those that are there. */
  noteHeaders(): void {
    // Of those that have been taken away since, too.
    for (const [index, name] of this.#rawHeaders.entries()) if (index % 2 === 0) this.noteHeader(name)
    for (const name of Object.keys(this.#headers)) this.noteHeader(name)
  }

  /** Calls something of which the reads do not count. */
  outside<Result>(call: () => Result): Result {
    this.#depth += 1
    try {
      return call()
    } finally {
      this.#depth -= 1
    }
  }

  quietly<Result>(call: () => Result): Result {
    const outer = this.#outer
    return this.outside(outer === undefined ? call : () => outer.quietly(call))
  }

  /** Puts everything back as it was. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    const req = this.#req
    if (req.headers === this.#watchedHeaders) Reflect.set(req, 'headers', this.#headers)
    if (req.rawHeaders === this.#watchedRawHeaders) req.rawHeaders = this.#rawHeaders
    for (let change = this.#changes; change !== undefined; change = change.before) change.undo()
    this.#changes = undefined
    endWatch(req, this, this.#outer)
  }

  #note(name: string): void {
    if (this.#depth > 0 || this.#isOver) return
    if (name === 'headersDistinct') this.noteHeaders()
    else this.#noteIdentity(`req.${name}`)
  }

  #noteIdentity(name: string): void {
    this.#identities ??= new Set()
    this.#identities.add(name)
  }

  #isPut(key: string | symbol): boolean {
    if (this.#isOfNode(key) || isOfTheRouter(key) || Note.isPlace(key)) return false
    return this.#isIdentified || IDENTITIES.includes(key as string) || PERSONAL.test(nameOf(key))
  }

  /** Whether a property is what it is on all requests: two of them others use, too. */
  #isOfNode(key: string | symbol): boolean {
    const req = this.#req as IncomingMessage & { client?: unknown; secret?: unknown }
    if (key === 'client') return req.client === req.socket
    if (key === 'secret')
      return ['undefined', 'string'].includes(typeof req.secret) || Array.isArray(req.secret)
    return IMPERSONAL.has(key)
  }

  /** Whether what was added to what a parser made of the request may say who asks. */
  #areTelling(names: readonly string[]): boolean {
    return names.length > 0 && (this.#isIdentified || names.some((name) => PERSONAL.test(name)))
  }

  #watch(key: string | symbol): void {
    const name = nameOf(key)
    const undo = watchProperty(this.#req, key, () => {
      this.onRead(name)
    })
    this.#changes = new Change(undo, this.#changes)
  }

  #watchLocals(locals: unknown): void {
    if (typeof locals !== 'object' || locals === null) return
    const keys = new Set(Reflect.ownKeys(locals))
    for (const inherited in locals) keys.add(inherited)
    for (const key of keys) {
      const name = nameOf(key)
      if (!this.#isIdentified && !PERSONAL.test(name)) continue
      const undo = watchProperty(locals, key, () => {
        if (this.#depth === 0) this.#noteIdentity(`locals.${name}`)
      })
      this.#changes = new Change(undo, this.#changes)
    }
  }
}

/** Something that is to be put back as it was, and what was changed before it. */
class Change {
  readonly undo: () => void
  readonly before: Change | undefined

  constructor(undo: () => void, before: Change | undefined) {
    this.undo = undo
    this.before = before
  }
}

function isOfTheRouter(key: string | symbol): boolean {
  return typeof key === 'symbol' && key.description?.startsWith(OF_THE_ROUTER) === true
}

/** The headers, one by one. */
class HeaderWatch implements ProxyHandler<IncomingHttpHeaders> {
  readonly #check: ReaderCheck

  constructor(check: ReaderCheck) {
    this.#check = check
  }

  get(target: IncomingHttpHeaders, name: string | symbol): unknown {
    if (typeof name === 'string') this.#check.noteHeader(name)
    return Reflect.get(target, name)
  }

  has(target: IncomingHttpHeaders, name: string | symbol): boolean {
    if (typeof name === 'string') this.#check.noteHeader(name)
    return Reflect.has(target, name)
  }

  /** Whoever copies them all reads those that are there. */
  getOwnPropertyDescriptor(
    target: IncomingHttpHeaders,
    name: string | symbol,
  ): PropertyDescriptor | undefined {
    if (typeof name === 'string' && name in target) this.#check.noteHeader(name)
    return Reflect.getOwnPropertyDescriptor(target, name)
  }
}

/** The headers as they came. */
class ListWatch implements ProxyHandler<string[]> {
  readonly #check: ReaderCheck

  constructor(check: ReaderCheck) {
    this.#check = check
  }

  get(target: string[], name: string | symbol): unknown {
    this.#check.noteHeaders()
    return Reflect.get(target, name)
  }

  has(target: string[], name: string | symbol): boolean {
    this.#check.noteHeaders()
    return Reflect.has(target, name)
  }

  getOwnPropertyDescriptor(target: string[], name: string | symbol): PropertyDescriptor | undefined {
    this.#check.noteHeaders()
    return Reflect.getOwnPropertyDescriptor(target, name)
  }
}
