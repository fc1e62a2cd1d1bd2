/** The parts of a trial, in the order in which most have them. `over`: the fault is, Redis answers. */
export type Phase = 'healthy' | 'outage' | 'over' | 'end'

/** What an instance is asked to do. Each order is answered when it is done. */
export type Order =
  | { readonly name: 'open' }
  /** Writes the keys that will be changed. */
  | { readonly name: 'seed' }
  /** Reads each of them. Answers how many have their first value. */
  | { readonly name: 'check' }
  /** Begins with the steady load. */
  | { readonly name: 'load' }
  /** Begins to read, now and then, one of the keys that are changed. */
  | { readonly name: 'watch' }
  /** Another phase begins. */
  | { readonly name: 'mark'; readonly phase: Phase }
  /** Deletes one key and replaces another, without waiting for it. Answers whether it could. */
  | { readonly name: 'change'; readonly index: number }
  /** The other instance has changed these. */
  | { readonly name: 'expect'; readonly index: number }
  /** Begins to write keys that show in Redis that it is in use again. */
  | { readonly name: 'probe' }
  | { readonly name: 'stop probing' }
  /** Ends the load and all else; what is under way goes on. */
  | { readonly name: 'rest' }
  | { readonly name: 'report' }

/** An order on its way to an instance. */
export interface Request {
  readonly id: number
  readonly order: Order
}

/** An answer on its way back. */
export interface Reply {
  readonly id: number
  readonly result: unknown
}

/** How many loads there were in how much time. */
export interface Loads {
  readonly count: number
  readonly overMs: number
}

/** What an instance has measured of itself. Times are in milliseconds. */
export interface Report {
  /** How long it took until the cache was in use, as its documentation has it; none if it never was. */
  readonly openedInMs?: number
  /** How long each call took that was under way in the outage or began later; so far, if it is under way still. */
  readonly waits: readonly number[]
  /** The same of the steady load alone, in the outage alone. */
  readonly steadyWaits: readonly number[]
  /** How many of all these calls are under way still. */
  readonly unanswered: number
  /** What was rejected since the outage began, each with its message. */
  readonly rejections: readonly string[]
  readonly unhandledRejections: readonly string[]
  readonly loads: Readonly<Record<Exclude<Phase, 'end'>, Loads>>
  /** Loads of a key that began while another one of the same key was under way. */
  readonly loadsAtOnce: number
  /** How late the process's own timers were at worst: what part of the waits is the machine's. */
  readonly timerLateMs: number
  readonly changes: ChangeReport
  /** What ended the process, if something did. */
  readonly crash?: string
}

/** What an instance has seen of the keys that were changed. */
export interface ChangeReport {
  /** How many keys it deleted. */
  readonly deleted: number
  /** Keys that it deleted itself, and whose old value it then read. */
  readonly ownLost: number
  /** Keys that the other instance deleted, and whose old value it read after the outage. */
  readonly othersLost: number
  /** How often it read what it should have known to be old. */
  readonly staleReads: number
}
