import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Note } from './note'
import type { Permit, ResponseStore } from './response-store'
import type { RunResult } from './run-plan'

/** Where a run stores. */
export interface Place {
  readonly store: ResponseStore
  readonly slotKey: string
}

/** What a run leaves to one within it. */
export interface Ceded {
  readonly permit: Permit | undefined
  /** Those that what is stored is to have as well. */
  readonly tags: readonly string[]
}

/** A run that a request is part of already: this middleware stands on its route twice. */
export interface OuterRun extends Place {
  /** The one around it, if this middleware stands there more than twice. */
  readonly outer: OuterRun | undefined
  /** Whether its own key says all that this one says of whom a response is for. */
  covers(key: string | undefined): boolean
  /** The fields as the client sent them: it may show the route others. */
  readonly headers: IncomingHttpHeaders
  /** Those that the request had before any run showed others. */
  readonly found: IncomingHttpHeaders
  /** Leaves it to a run within this one to store the response, and to say what came of it. */
  cede(): Ceded
  /** What came of the run within this one. */
  follow(result: Promise<RunResult>): void
  /** Stores nothing: for whom the response is, only a cache further in knows. */
  overrule(): void
}

/** The innermost run of each request: the one that decides. */
const innermost = new Note<OuterRun>()

/**
 * The innermost run that a request is part of already; where a place is named, only if it stores there. One that has
 * another between can't leave the response to a run within: that other one answers what it shows of conditions.
 */
export function outerRunOf(req: IncomingMessage, place?: Place): OuterRun | undefined {
  const run = innermost.on(req)
  if (place === undefined) return run
  return run?.slotKey === place.slotKey && run.store === place.store ? run : undefined
}

/** Whether a request is part of a run that goes by this key, in whatever cache: that may have the lease of the key. */
export function isWithinRunOf(req: IncomingMessage, key: string): boolean {
  for (let run = innermost.on(req); run !== undefined; run = run.outer) if (run.slotKey === key) return true
  return false
}

/**
 * Tells the runs that a request is part of by which key a cache further in looks for the response; `undefined` where
 * that knows nobody whose it is. By another one (a scope, a key or a part of the query that a run doesn't know of)
 * that would store under its own what isn't for all who ask by it.
 */
export function tellOuterRuns(req: IncomingMessage, key: string | undefined): void {
  for (let run = innermost.on(req); run !== undefined; run = run.outer) if (!run.covers(key)) run.overrule()
}

/** Makes a run the innermost one of its request. */
export function enterRun(req: IncomingMessage, run: OuterRun): void {
  innermost.put(req, run)
}
