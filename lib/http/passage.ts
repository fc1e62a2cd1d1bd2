import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Note } from './note'

/** What a middleware makes of a request that it hands on. */
export interface Passing {
  /** Whether its key says whose the response is. */
  readonly isScoped: boolean
  /** Whether clients are to be told of the tags. */
  readonly sendsTags: boolean
  /** What its key says of whom a response is for, beside the URL. */
  readonly whose: readonly unknown[]
}

/** The run that a request is part of. */
export interface Overruled {
  /**
   * Stores nothing: a cache further in decides.
   *
   * @param isKept - whether that one looks the request up, and adds what is to be added.
   */
  overrule(isKept: boolean): void
}

/**
 * That a request was handed on by a cacheResponse(). One that it meets further in keeps its own responses, apart from
 * those of this one: whatever stands between the two, a guard or what sets fields, is to see each request. It keeps them
 * for no more people than this one does.
 */
export class Passage {
  readonly outer: Passage | undefined
  /** The fields that the request had before any run showed others. */
  readonly found: IncomingHttpHeaders
  readonly isScoped: boolean
  readonly sendsTags: boolean
  /** Those of all so far. */
  readonly tags: readonly string[]
  /** What the key of one further in has to say as well. */
  readonly whose: readonly unknown[]
  run: Overruled | undefined

  constructor(req: IncomingMessage, passing: Passing, tags: readonly string[]) {
    const outer = passageOf(req)
    this.outer = outer
    this.found = outer?.found ?? req.headers
    this.isScoped = passing.isScoped || outer?.isScoped === true
    this.sendsTags = passing.sendsTags || outer?.sendsTags === true
    this.tags = tags
    this.whose = outer === undefined ? passing.whose : [outer.whose, ...passing.whose]
  }
}

/** The innermost of each request. */
const passages = new Note<Passage>()

/** Notes that a request is handed on. */
export function handOn(req: IncomingMessage, passing: Passing, tags: readonly string[]): Passage {
  const passage = new Passage(req, passing, tags)
  passages.put(req, passage)
  return passage
}

/** The last one that has handed a request on, if one has. */
export function passageOf(req: IncomingMessage): Passage | undefined {
  return passages.on(req)
}

/** Tells the runs that a request is part of that a cache further in decides, and whether it looks the request up. */
export function overruleOuter(req: IncomingMessage, isKept: boolean): void {
  for (let passage = passageOf(req); passage !== undefined; passage = passage.outer)
    passage.run?.overrule(isKept)
}
