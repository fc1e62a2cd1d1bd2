import type { ClientState, Stored } from 'holdfast'
import { RecordingLogger } from '../../../support/recording-logger'
import type { LogLine } from '../../../support/recording-logger'
import { Application } from './application'
import { CallLog } from './call-log'
import type { CallReport } from './call-log'
import { flood } from './flood'
import type { Flood } from './flood'
import type { Inspection } from './material'
import { beginLoad, change, inspect, plant } from './material'
import { SteadyLoad } from './steady-load'

/** What a test asks an instance to do. */
export interface Ask {
  id: number
  name: keyof typeof commands
  args: unknown[]
}

/** What has happened in an instance since it was opened. */
export interface Report extends CallReport {
  states: ClientState[]
  events: ('degraded' | 'recovered')[]
  log: LogLine[]
  loads: number
  loadedTwiceAtOnce: string[]
  staleReads: string[]
  /** Unhandled rejections, uncaught errors, warnings of Node. */
  accidents: string[]
}

/** What `close()` said, and how long it took. */
export interface Closing {
  ms: number
  notCarriedOver: number
}

interface Running {
  app: Application
  log: CallLog
  load: SteadyLoad
  logger: RecordingLogger
  states: ClientState[]
  events: Report['events']
}

const accidents: string[] = []
let running: Running | undefined

for (const name of ['uncaughtException', 'unhandledRejection', 'warning'] as const) {
  process.on(name, (reason: unknown) => accidents.push(`${name}: ${String(reason)}`))
}

/** Everything that an instance can be told. */
export const commands = {
  /** Starts an application. */
  async open(name: string, redis: string): Promise<void> {
    const logger = new RecordingLogger()
    const app = await Application.start(redis, logger)
    const log = new CallLog(() => app.cache.state)
    const load = new SteadyLoad(app, log, name)
    running = { app, log, load, logger, states: [], events: [] }
    const { states, events } = running
    app.cache.on('state', ({ to }) => states.push(to))
    app.cache.on('degraded', () => events.push('degraded'))
    app.cache.on('recovered', () => events.push('recovered'))
  },

  /** Ends it. */
  async close(): Promise<Closing | undefined> {
    if (running === undefined) return undefined
    const { app, log, load } = running
    running = undefined
    await load.stop()
    const begun = performance.now()
    const { notCarriedOver } = await app.cache.close()
    const ms = performance.now() - begun
    await app.close()
    log.close()
    return { ms, notCarriedOver }
  },

  /** Ends it, says how that went, and lets the process end by itself. */
  async terminate(): Promise<void> {
    const logger = running?.logger
    const closing = await commands.close()
    process.send?.({ closing, log: logger?.lines }, () => {
      process.disconnect()
    })
  },

  /** Begins the steady load. */
  startLoad(): void {
    current().load.start()
  },

  /** Ends it. The keys that it alone has changed, with the latest version of each. */
  async stopLoad(): Promise<Record<string, number>> {
    const { load } = current()
    await load.stop()
    return load.truth
  },

  /** How many calls of the load have ended. */
  ended: (): number => current().log.ended,

  /** Which store serves. */
  state: (): ClientState => current().app.cache.state,

  /** How often Redis was given up. */
  outages: (): number => current().events.filter((event) => event === 'degraded').length,

  /** What the loaders are to find from now on. */
  publish(id: string): void {
    current().app.database.put(`report:${id}`, 'new')
  },

  plant: (id: string): Promise<Stored[]> => plant(current().app, id),
  beginLoad(id: string): void {
    beginLoad(current().app, id)
  },
  change: (id: string): Promise<Stored[]> => change(current().app, id),
  inspect: (id: string): Promise<Inspection> => inspect(current().app, id),

  /** The values of these keys. */
  read: (keys: string[]): Promise<unknown[]> => Promise.all(keys.map((key) => current().app.cache.get(key))),

  /** Writes a value of this size. */
  write: (key: string, bytes: number): Promise<Stored> => current().app.cache.set(key, Buffer.alloc(bytes)),

  /**
   * So many callers at once who load one of fifty keys and delete one that nobody has deleted yet, as often as
   * this, without a pause.
   */
  flood: (callers: number, rounds: number): Promise<Flood> => flood(current().app.cache, callers, rounds),

  /** How many bytes are in use, after the garbage is gone. */
  memoryInUse(): number {
    globalThis.gc?.()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  },

  /** Holds up the event loop. */
  block(milliseconds: number): void {
    const begun = performance.now()
    while (performance.now() - begun < milliseconds);
  },

  /** What has happened so far. */
  report(): Report {
    const { app, log, load, logger, states, events } = current()
    return {
      ...log.read(),
      states,
      events,
      log: logger.lines,
      loads: app.database.queries,
      loadedTwiceAtOnce: app.database.askedTwiceAtOnce,
      staleReads: load.staleReads,
      accidents: accidents.splice(0),
    }
  },
}

function current(): Running {
  if (running === undefined) throw new Error('Nothing is open')
  return running
}
