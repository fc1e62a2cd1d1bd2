import { CommandRefusedError, CommandTimeoutError } from '../errors'
import { Events } from '../events'
import type { Logger } from '../logger'
import type { CacheClient } from './cache-client'
import type { Changes } from './carry-over'
import { CarryOver } from './carry-over'
import type { BroughtOver, ClientEvents, ClientState, Closed, Stored } from './client-state'
import type { Command, Handover, Write } from './command'
import { put } from './command'
import { Connector } from './connector'
import { Guard, NoRoomError } from './guard'
import { Heartbeat } from './heartbeat'
import type { Invalidation } from './invalidation'
import { invalidate, invalidateSurely } from './invalidation'
import type { MemoryClient } from './memory-client'
import { OutageReport } from './outage-report'

interface Parts extends Changes {
  readonly primary: CacheClient | undefined
  readonly memory: MemoryClient
  readonly commandTimeoutMs: number
  readonly logger: Logger
}

const UNANSWERED = Symbol('unanswered')
const unanswered = (): typeof UNANSWERED => UNANSWERED

/**
 * Redis while it is usable, memory while it is not, and the way between the two. Nothing here rejects, and
 * nothing waits longer than the budget of a command.
 */
export class ResilientClient {
  readonly #memory: MemoryClient
  readonly #carryOver: CarryOver
  readonly #guard: Guard | undefined
  readonly #events: Events<ClientEvents>
  readonly #report: OutageReport
  readonly #connector: Connector | undefined
  readonly #heartbeat: Heartbeat | undefined
  #state: ClientState
  #era = 0
  #start: Promise<void> | undefined
  #recovery: Promise<void> | undefined
  #closing: Promise<Closed> | undefined

  constructor({ primary, memory, commandTimeoutMs, logger, ...changes }: Parts) {
    this.#memory = memory
    this.#events = new Events(logger)
    this.#report = new OutageReport(logger, this.#events)
    this.#carryOver = new CarryOver(changes, this.#report)
    this.#state = primary === undefined ? 'memory' : 'connecting'
    if (primary === undefined) {
      logger.warn('Redis not configured')
      return
    }
    const guard = new Guard(primary, commandTimeoutMs, (cause) => {
      this.#failed(cause, guard)
    })
    this.#guard = guard
    primary.onDisconnect(this.#distrust)
    this.#connector = new Connector(primary, {
      commandTimeoutMs,
      admit: () => guard.admit(),
      onConnected: () => this.#recover(guard, false),
      onFailed: this.#degrade,
    })
    this.#heartbeat = new Heartbeat(() => this.#beat(guard))
    const over = (): void => (this.#start = undefined)
    this.#start = guard.wait(this.#connector.start()).then(over, over)
  }

  /** Which store serves, and why. */
  get state(): ClientState {
    return this.#state
  }

  /** Changes whenever another store serves: what one of them said before can't be compared with the other's word. */
  get era(): number {
    return this.#era
  }

  /** Until when, by `performance.now()`, the store that serves is taken to have told of every change. */
  get trustedUntil(): number {
    return this.#state === 'ready' && this.#guard ? this.#guard.trustedUntil : Infinity
  }

  /** Why Redis is not in use, in one line; `undefined` while it is. */
  get lastCause(): string | undefined {
    return this.#report.lastCause
  }

  /** Adds a listener. Returns what takes it away again. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    return this.#events.on(name, listener)
  }

  /** Registers what is brought to Redis on every connection, before the journal and before any read. */
  onRecovery(handover: Handover): () => void {
    return this.#carryOver.add(handover)
  }

  /** What Redis says; what memory says where Redis can't. All of it is from one store. */
  read<Result>(command: Command<Result>): Promise<Result> {
    return this.#serve(command, () => command(this.#memory))
  }

  /**
   * What Redis says, or `undefined` where it can't be asked: for what memory has no answer to. In a process that
   * has only just started this waits for the first connection, within the budget of a command.
   */
  async ask<Result>(command: Command<Result>): Promise<Result | undefined> {
    const attempt = () => this.#serve(command, unanswered)
    const started = this.#start?.then(attempt)
    const answer = await (started && this.#guard ? this.#guard.wait(started).catch(unanswered) : attempt())
    return answer === UNANSWERED ? undefined : answer
  }

  /** Writes a value. Where Redis refuses it, Redis's older value is taken away instead. */
  async write({ command, invalidation }: Write): Promise<Stored> {
    const isLate = this.#is('ready')
    const refused = await this.#serve((redis) => put(redis, { command, invalidation }), unanswered)
    if (refused === UNANSWERED) return this.#changeMemory(command, invalidation, isLate)
    if (invalidation !== undefined) this.#carryOver.acknowledge(invalidation)
    if (refused !== undefined) this.#report.refused(refused)
    return refused === undefined ? 'redis' : 'none'
  }

  /** Makes something void. As long as Redis refuses that, it is not usable. */
  async invalidate(invalidation: Invalidation): Promise<Stored> {
    const isLate = this.#is('ready')
    const command: Command<void> = (store) => invalidate(store, invalidation)
    const answer = await this.#serve((redis) => invalidateSurely(redis, invalidation), unanswered)
    if (answer === UNANSWERED) return this.#changeMemory(command, invalidation, isLate)
    this.#carryOver.acknowledge(invalidation)
    return 'redis'
  }

  /**
   * Ends everything, after what is in flight has had its time. What Redis has not got is brought to it, if one
   * attempt within a second is enough. Idempotent.
   */
  close(): Promise<Closed> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<Closed> {
    const from = this.#state
    this.#enter('closed')
    this.#heartbeat?.stop()
    this.#connector?.stop()
    try {
      if (this.#guard !== undefined) await this.#guard.waitLonger(this.#leave(this.#guard, from))
    } catch (cause) {
      this.#report.refused(cause)
    }
    this.#guard?.drop()
    await this.#memory.close()
    const notCarriedOver = this.#guard === undefined ? 0 : this.#carryOver.pending
    if (notCarriedOver > 0) this.#report.closedTooEarly(notCarriedOver)
    return { notCarriedOver }
  }

  async #leave(guard: Guard, from: ClientState): Promise<void> {
    if (from === 'ready') {
      await guard.idle()
      if (this.#carryOver.pending > 0) await this.#carryOver.bring(guard, true)
      await this.#carryOver.end(guard.send)
      await guard.send((redis) => redis.close())
    } else if (this.#recovery !== undefined) {
      await this.#recovery
    } else if (this.#carryOver.pending > 0) {
      if (from !== 'suspect') guard.drop()
      if (from !== 'suspect') await this.#connector?.connect()
      await this.#carryOver.bring(guard, from === 'suspect')
    }
  }

  /** Who comes late has waited for Redis already, and does not wait for it again. */
  async #changeMemory(
    command: Command<void>,
    change: Invalidation | undefined,
    isLate: boolean,
  ): Promise<Stored> {
    if (this.#state === 'closed') return 'none'
    const isKept = command(this.#memory).then(
      () => true,
      () => false,
    )
    const noted = change && this.#guard && this.#note(change, this.#guard)
    if (!isLate) await noted
    return (await isKept) ? 'memory' : 'none'
  }

  async #note(change: Invalidation, { send }: Guard): Promise<void> {
    // While the journal is being brought over, what it took in might keep it from ever being empty. Where that
    // fails, Redis may be in use by now: then it is brought up to date before it is read again.
    const isReachable = this.#is('recovering') || this.#is('ready')
    if (isReachable) await this.#carryOver.deliverOrNote(change, send).catch(this.#distrust)
    else this.#carryOver.note(change)
  }

  async #serve<Result, Other>(
    command: Command<Result>,
    otherwise: () => Other | Promise<Other>,
  ): Promise<Result | Other> {
    if (this.#state !== 'ready' || this.#guard === undefined) return otherwise()
    try {
      return await this.#guard.serve(command)
    } catch (error) {
      this.#failed(error, this.#guard)
      return otherwise()
    }
  }

  /** The one place that judges what Redis throws. */
  #failed(error: unknown, guard: Guard): void {
    if (this.#state !== 'ready' || error instanceof NoRoomError) return
    if (error instanceof CommandRefusedError) this.#report.refused(error)
    else if (error instanceof CommandTimeoutError) void this.#probe(error, guard)
    else this.#degrade(error)
  }

  readonly #distrust = (cause: unknown): void => {
    if (this.#is('ready')) this.#degrade(cause)
  }

  async #probe(cause: CommandTimeoutError, guard: Guard): Promise<void> {
    this.#enter('suspect')
    this.#report.suspect(cause)
    try {
      await guard.probe(cause)
    } catch (reason) {
      if (this.#state === 'suspect') this.#degrade(reason)
      return
    }
    if (this.#state === 'suspect') await this.#recover(guard, true)
  }

  /** Has Redis prove that it is there, takes writes and has forgotten nothing. */
  async #beat(guard: Guard): Promise<void> {
    if (!this.#is('ready')) return
    try {
      const lacksNothing = await this.#carryOver.prove(guard.send, true)
      if (!lacksNothing && this.#is('ready')) await this.#recover(guard, true)
    } catch (error) {
      this.#failed(error, guard)
    }
  }

  #recover(guard: Guard, isSameConnection: boolean): Promise<void> {
    this.#enter('recovering')
    const recovery = this.#carryOver
      .bring(guard, isSameConnection)
      .then(
        (broughtOver) => {
          if (!isSameConnection) guard.beginRamp()
          if (this.#state === 'recovering') this.#trust(broughtOver)
        },
        (cause: unknown) => {
          if (this.#state === 'recovering') this.#degrade(cause)
        },
      )
      .finally(() => {
        this.#recovery = undefined
      })
    this.#recovery = recovery
    return recovery
  }

  /** Redis has all that it should: from here on it is asked again. */
  #trust(broughtOver: BroughtOver): void {
    this.#connector?.succeeded()
    this.#enter('ready')
    this.#report.usable(broughtOver)
  }

  readonly #degrade = (cause: unknown): void => {
    this.#guard?.drop()
    this.#enter('degraded')
    this.#report.unusable(cause)
    this.#connector?.retry()
  }

  #is(state: ClientState): boolean {
    return this.#state === state
  }

  #enter(to: ClientState): void {
    const from = this.#state
    if (from === to) return
    this.#state = to
    if (from === 'ready' || to === 'ready') {
      // Neither what memory stood in with is to be found later, nor what it took in since.
      this.#era += 1
      this.#memory.clear()
    }
    this.#events.emit('state', { from, to })
  }
}
