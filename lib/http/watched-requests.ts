import type { IncomingMessage } from 'node:http'
import { Note } from './note'
import { isWatching, unwatched } from './watched-property'

/** What is told of the properties that a request does not have. */
export interface RequestWatch {
  /** Somebody reads one. */
  readonly onRead: (name: string) => void
  /** Somebody further in has given it to the request. */
  readonly onSet: (name: string) => void
  /** Calls something of which the reads do not count, for none of the watches that the request is under. */
  readonly quietly: <Result>(call: () => Result) => Result
}

/** The innermost watch of each request. */
const watches = new Note<RequestWatch>()
/** For what requests have in common, the same with getters. */
const watchedPrototypes = new WeakMap<object, object>()
const areWatched = new WeakSet()

/**
 * Watches properties that a request does not have yet. They are found in its prototype then: to give each request
 * getters of its own costs a third of what a route does.
 *
 * @returns the prototype. An application that is mounted further in puts its own in place of it, and takes the getters
 *   away with that.
 */
export function watchRequest(req: IncomingMessage, names: readonly string[]): object {
  const prototype = Object.getPrototypeOf(req) as object
  if (areWatched.has(prototype)) return prototype
  const watched = watchedPrototypes.get(prototype) ?? watchedPrototype(prototype, names)
  Reflect.setPrototypeOf(req, watched)
  return watched
}

/** Puts a request under a watch. @returns the one that it was under before. */
export function beginWatch(req: IncomingMessage, watch: RequestWatch): RequestWatch | undefined {
  const outer = watches.on(req)
  watches.put(req, watch)
  return outer
}

/** Reads of a request what is no matter of the route. */
export function quietly<Result>(req: IncomingMessage, call: () => Result): Result {
  const watch = watches.on(req)
  return watch === undefined ? call() : watch.quietly(call)
}

/** Puts another watch in the place of one that is over, or none. */
export function endWatch(req: IncomingMessage, watch: RequestWatch, outer: RequestWatch | undefined): void {
  if (watches.on(req) === watch) watches.put(req, outer)
}

function watchedPrototype(prototype: object, names: readonly string[]): object {
  const watched = Object.create(prototype) as object
  for (const name of names) {
    const held = unwatched(watched, name)
    // As it would be without: the request has a property of its own from now on.
    const set = function (this: object, value: unknown): void {
      Reflect.set(held, name, value, this)
      watches.on(this)?.onSet(name)
    }
    isWatching.put(set, true)
    Object.defineProperty(watched, name, {
      configurable: true,
      get(this: object): unknown {
        watches.on(this)?.onRead(name)
        return Reflect.get(held, name, this)
      },
      set,
    })
  }
  watchedPrototypes.set(prototype, watched)
  areWatched.add(watched)
  return watched
}
