import type { IncomingMessage } from 'node:http'
import { unwatched } from './watched-property'

/** What is told of the properties that a request does not have. */
export interface RequestWatch {
  /** Somebody reads one. */
  readonly onRead: (name: string) => void
  /** Somebody further in has given it to the request. */
  readonly onSet: (name: string) => void
  /** Calls something of which the reads do not count, for none of the watches that the request is under. */
  readonly quietly: <Result>(call: () => Result) => Result
}

/** Where a request has its innermost watch: a WeakMap of requests is what the garbage collector takes longest for. */
export const WATCHED_BY = Symbol('holdfast: what watches this request')

interface WatchedRequest extends IncomingMessage {
  [WATCHED_BY]?: RequestWatch | undefined
}

/** Prototypes with getters: those of applications, and those that were made for requests outside of any. */
const areWatched = new WeakSet()
/** By what requests outside of an application have in common. */
const watchedPrototypes = new WeakMap<object, object>()

/**
 * Watches properties that a request does not have yet. They are found in its prototype then: getters of its own would
 * cost each request a third of what a route does. Express gives each application a prototype for its requests, which
 * those of the applications that are mounted in it inherit: there they are put once and for all.
 *
 * @returns the prototype. An application that is called by hand further in puts its own in place of it, and takes the
 *   getters away with that.
 */
export function watchRequest(req: IncomingMessage, names: readonly string[]): object {
  const prototype = Object.getPrototypeOf(req) as object
  const known = watchedFrom(prototype)
  if (known !== undefined) return known
  if (isOfApplication(prototype, names)) return addGetters(prototype, names)
  const watched = watchedPrototypes.get(prototype) ?? addGetters(Object.create(prototype) as object, names)
  watchedPrototypes.set(prototype, watched)
  Object.setPrototypeOf(req, watched)
  return watched
}

/** Puts a request under a watch. @returns the one that it was under before. */
export function beginWatch(req: IncomingMessage, watch: RequestWatch): RequestWatch | undefined {
  const { [WATCHED_BY]: outer } = req as WatchedRequest
  ;(req as WatchedRequest)[WATCHED_BY] = watch
  return outer
}

/** Reads of a request what is no matter of the route. */
export function quietly<Result>(req: IncomingMessage, call: () => Result): Result {
  const { [WATCHED_BY]: watch } = req as WatchedRequest
  return watch === undefined ? call() : watch.quietly(call)
}

/** Puts another watch in the place of one that is over, or none. */
export function endWatch(req: IncomingMessage, watch: RequestWatch, outer: RequestWatch | undefined): void {
  if ((req as WatchedRequest)[WATCHED_BY] === watch) (req as WatchedRequest)[WATCHED_BY] = outer
}

/** The nearest prototype with getters. */
function watchedFrom(prototype: object): object | undefined {
  let at: object | null = prototype
  while (at !== null && !areWatched.has(at)) at = Object.getPrototypeOf(at) as object | null
  return at ?? undefined
}

/** Whether a prototype is that of one application, as Express makes it, and takes getters. */
function isOfApplication(prototype: object, names: readonly string[]): boolean {
  const isFree = names.every(
    (name) => Object.getOwnPropertyDescriptor(prototype, name)?.configurable !== false,
  )
  return Object.hasOwn(prototype, 'app') && Object.isExtensible(prototype) && isFree
}

function addGetters(prototype: object, names: readonly string[]): object {
  for (const name of names) {
    const enumerable = Object.getOwnPropertyDescriptor(prototype, name)?.enumerable ?? false
    const held = unwatched(prototype, name)
    Object.defineProperty(prototype, name, {
      configurable: true,
      enumerable,
      get(this: WatchedRequest): unknown {
        this[WATCHED_BY]?.onRead(name)
        return Reflect.get(held, name, this)
      },
      // As it would be without: the request has a property of its own from now on.
      set(this: WatchedRequest, value: unknown) {
        Reflect.set(held, name, value, this)
        this[WATCHED_BY]?.onSet(name)
      },
    })
  }
  areWatched.add(prototype)
  return prototype
}
