import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Note } from './note'
import type { Permit } from './response-store'
import type { RunResult } from './run-plan'

/** A run that a request is part of already: this middleware stands on its route twice. */
export interface OuterRun {
  /** Where it stores. */
  readonly slotKey: string
  /** The fields as the client sent them: it may show the route others. */
  readonly headers: IncomingHttpHeaders
  /** Those that the request had before any run showed others. */
  readonly found: IncomingHttpHeaders
  /** Leaves it to a run within this one to store the response, and to say what came of it. */
  cede(): Permit | undefined
  /** What came of the run within this one. */
  follow(result: Promise<RunResult>): void
}

/** The innermost run of each request: the one that decides. */
const innermost = new Note<OuterRun>()

/** The run that a request is part of already; where a slot is named, only one of that slot. */
export function outerRunOf(req: IncomingMessage, slotKey?: string): OuterRun | undefined {
  const run = innermost.on(req)
  return slotKey === undefined || run?.slotKey === slotKey ? run : undefined
}

/** Makes a run the innermost one of its request. */
export function enterRun(req: IncomingMessage, run: OuterRun): void {
  innermost.put(req, run)
}
