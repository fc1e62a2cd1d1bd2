import type { Found } from './response-store'
import type { Verdict } from './usability'
import type { Visit } from './visit'

/** That the route has to answer, and what for. */
export type Forward = Extract<Verdict, { action: 'forward' }>

/**
 * A request that asks, and how long it waits for others. Everything that leads to the request is of a class: what a
 * literal makes, V8 may take for long-lived and put with what is old, where it outlives the request, and with it all
 * that hangs on it.
 */
export class Asking {
  readonly visit: Visit
  /** What it knows of the tags of what it asks for. */
  readonly tags: readonly string[]
  readonly next: (error?: unknown) => void
  /** By `performance.now()`. */
  readonly patientUntil: number

  constructor(visit: Visit, tags: readonly string[], next: (error?: unknown) => void, patientUntil: number) {
    this.visit = visit
    this.tags = tags
    this.next = next
    this.patientUntil = patientUntil
  }
}

/** A request that the route has to answer, and what is known of it. */
export class Errand {
  readonly asking: Asking
  readonly verdict: Forward
  readonly found: Found

  constructor(asking: Asking, verdict: Forward, found: Found) {
    this.asking = asking
    this.verdict = verdict
    this.found = found
  }

  get visit(): Visit {
    return this.asking.visit
  }
}
