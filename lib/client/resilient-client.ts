import { CommandRefusedError, CommandTimeoutError } from '../errors'
import { Events } from '../events'
import type { Logger } from '../logger'
import { Backoff } from './backoff'
import type { CacheClient } from './cache-client'
import type { ClientEvents, ClientState, Stored } from './client-state'
import type { Change, Command, Handover, SetOptions } from './command'
import { Deadline } from './deadline'
import type { Journal, Stamping } from './journal'
import type { MemoryClient } from './memory-client'
import { OutageReport } from './outage-report'

interface Parts {
  readonly primary: CacheClient | undefined
  readonly memory: MemoryClient
  readonly journal: Journal
  readonly commandTimeoutMs: number
  readonly logger: Logger
}

const UNANSWERED = Symbol('unanswered')
const CHANGE: SetOptions = { isChange: true }
const HEARTBEAT_MS = 1000

/**
 * Redis while it is usable, memory while it is not, and the way between the two. Nothing here rejects, and
 * nothing waits longer than the budget of a command.
 */
export class ResilientClient {
  readonly #primary: CacheClient | undefined
  readonly #memory: MemoryClient
  readonly #journal: Journal
  readonly #deadline: Deadline
  readonly #logger: Logger
  readonly #events: Events<ClientEvents>
  readonly #handovers = new Set<Handover>()
  readonly #report: OutageReport
  readonly #backoff = new Backoff()
  #state: ClientState
  #start: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #heartbeat: NodeJS.Timeout | undefined

  constructor({ primary, memory, journal, commandTimeoutMs, logger }: Parts) {
    this.#primary = primary
    this.#memory = memory
    this.#journal = journal
    this.#deadline = new Deadline(commandTimeoutMs)
    this.#logger = logger
    this.#events = new Events(logger)
    this.#report = new OutageReport(logger, this.#events)
    this.#state = primary === undefined ? 'memory' : 'connecting'
    if (primary === undefined) {
      logger.warn('Redis not configured')
      return
    }
    primary.onDisconnect((cause) => {
      if (this.#state === 'ready') this.#degrade(cause)
    })
    this.#heartbeat = setInterval(() => {
      void this.#beat()
    }, HEARTBEAT_MS).unref()
    this.#start = this.#connect().finally(() => {
      this.#start = undefined
    })
  }

  /** Which store serves, and why. */
  get state(): ClientState {
    return this.#state
  }

  /** Why Redis is not in use, in one line; `undefined` while it is. */
  get lastCause(): string | undefined {
    return this.#report.lastCause
  }

  /** Adds a listener. Returns the function that takes it away again. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    return this.#events.on(name, listener)
  }

  /** Registers what is brought to Redis on every connection, before the journal and before any read. */
  onRecovery(handover: Handover): () => void {
    this.#handovers.add(handover)
    return () => {
      this.#handovers.delete(handover)
    }
  }

  /** The values under these keys. Memory answers when Redis can't. */
  async getMany(keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    if (this.#state === 'closed') return keys.map(() => undefined)
    const answer = await this.#try((client) => client.getMany(keys))
    return answer === UNANSWERED ? this.#memory.getMany(keys) : answer
  }

  /** The current count, with these stamps made sure of: {@link CacheClient.ensureStamps}. */
  async ensureStamps({ counter, stamps, ttlMs }: Stamping): Promise<string> {
    const answer = await this.#try((client) => client.ensureStamps(counter, stamps, ttlMs))
    return answer === UNANSWERED ? this.#memory.ensureStamps(counter, stamps, ttlMs) : answer
  }

  /**
   * What Redis says, or `undefined` where it can't be asked: for what memory has no answer to. A process that
   * has only just started waits for its first connection, within the budget of a command.
   */
  async ask<Result>(command: Command<Result>): Promise<Result | undefined> {
    if (this.#start !== undefined) await this.#deadline.bound(this.#start).catch(() => undefined)
    const answer = await this.#try(command)
    return answer === UNANSWERED ? undefined : answer
  }

  /**
   * Puts a value under a key. Where Redis refuses it, Redis's older value is taken away instead. A value that
   * changes nothing (a load's: what Redis has is as good) is not noted while Redis is away.
   */
  async set(key: string, value: Buffer, ttlMs: number, { isChange }: SetOptions = CHANGE): Promise<Stored> {
    const outcome = await this.#change({
      command: (client) => client.set(key, value, ttlMs),
      invalidation: (client) => (isChange ? client.delete([key]) : Promise.resolve()),
      note: () => {
        if (isChange) this.#journal.noteDelete([key])
      },
    })
    if (outcome === 'refused') await this.delete([key])
    return outcome === 'refused' ? 'none' : outcome
  }

  /** Takes these keys away. */
  delete(keys: readonly string[]): Promise<Stored> {
    const note = (): void => {
      this.#journal.noteDelete(keys)
    }
    return this.#invalidate((client) => client.delete(keys), note)
  }

  /** Advances a counter and writes it under stamps: {@link CacheClient.stamp}. */
  stamp(stamping: Stamping): Promise<Stored> {
    return this.#invalidate(
      (client) => client.stamp(stamping.counter, stamping.stamps, stamping.ttlMs),
      () => {
        this.#journal.noteStamping(stamping)
      },
    )
  }

  /** Ends everything, after what is in flight has had its time. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    const wasReady = this.#state === 'ready'
    this.#enter('closed')
    this.#backoff.cancel()
    clearInterval(this.#heartbeat)
    await this.#deadline.idle()
    if (wasReady) await this.#attempt((client) => client.close()).catch(() => undefined)
    this.#primary?.disconnect()
    await this.#memory.close()
    if (this.#journal.size === 0) return
    this.#logger.warn('Closed before Redis was back', { changesNotCarriedOver: this.#journal.size })
  }

  async #change(change: Change): Promise<Stored | 'refused'> {
    if (this.#state === 'ready') {
      try {
        await this.#attempt(change.command)
        return 'redis'
      } catch (error) {
        this.#failed(error)
        if (error instanceof CommandRefusedError) return 'refused'
      }
    }
    return this.#changeMemory(change)
  }

  /** As long as Redis refuses to drop what is wrong, it is not usable. */
  async #invalidate(invalidation: Command<void>, note: () => void): Promise<Stored> {
    const change = { command: invalidation, invalidation, note }
    const outcome = await this.#change(change)
    if (outcome !== 'refused') return outcome
    if (this.#state === 'ready') this.#degrade(new Error('Redis refused an invalidation'))
    return this.#changeMemory(change)
  }

  async #changeMemory({ command, invalidation, note }: Change): Promise<Stored> {
    if (this.#state === 'closed') return 'none'
    const isKept = command(this.#memory).then(
      () => true,
      () => false,
    )
    // The journal is being brought over: what it took in now might keep it from ever being empty.
    if (this.#state === 'recovering') await this.#sendInvalidation(invalidation, note)
    else if (this.#primary !== undefined) note()
    return (await isKept) ? 'memory' : 'none'
  }

  async #sendInvalidation(invalidation: Command<void>, note: () => void): Promise<void> {
    try {
      await this.#attempt(invalidation)
    } catch (error) {
      note()
      // Redis may be in use by now: then it is brought up to date before it is read again.
      if (this.#state === 'ready') this.#degrade(error)
    }
  }

  async #try<Result>(command: Command<Result>): Promise<Result | typeof UNANSWERED> {
    if (this.#state !== 'ready') return UNANSWERED
    try {
      return await this.#attempt(command)
    } catch (error) {
      this.#failed(error)
      return UNANSWERED
    }
  }

  #attempt<Result>(command: Command<Result>): Promise<Result> {
    if (this.#primary === undefined) return Promise.reject(new Error('there is no Redis'))
    return this.#deadline.bound(command(this.#primary))
  }

  /** The one place that judges what Redis throws. */
  #failed(error: unknown): void {
    if (this.#state !== 'ready') return
    if (error instanceof CommandRefusedError) this.#report.refused(error)
    else if (error instanceof CommandTimeoutError) void this.#probe(error)
    else this.#degrade(error)
  }

  async #probe(cause: CommandTimeoutError): Promise<void> {
    this.#enter('suspect')
    try {
      await this.#attempt((client) => client.ping())
    } catch {
      if (this.#state === 'suspect') this.#degrade(cause)
      return
    }
    if (this.#state === 'suspect') await this.#recover()
  }

  async #beat(): Promise<void> {
    await this.#try((client) => client.ping())
  }

  async #connect(): Promise<void> {
    try {
      await this.#primary?.connect()
    } catch (cause) {
      if (this.#state !== 'closed') this.#degrade(cause)
      return
    }
    if (this.#state === 'closed') this.#primary?.disconnect()
    else await this.#recover()
  }

  async #recover(): Promise<void> {
    this.#enter('recovering')
    let replayed = 0
    try {
      await this.#attempt((client) => client.ping())
      for (const handover of this.#handovers) await handover((command) => this.#attempt(command))
      while (this.#journal.size > 0)
        replayed += await this.#journal.replay((command) => this.#attempt(command))
    } catch (cause) {
      if (this.#state === 'recovering') this.#degrade(cause)
      return
    }
    if (this.#state === 'recovering') this.#trust(replayed)
  }

  /** Redis has all that it should: from here on it is asked again, and what memory stood in with is void. */
  #trust(replayed: number): void {
    this.#memory.clear()
    this.#backoff.reset()
    this.#enter('ready')
    this.#report.usable(replayed)
  }

  #degrade(cause: unknown): void {
    this.#primary?.disconnect()
    this.#enter('degraded')
    this.#report.unusable(cause)
    this.#backoff.schedule(() => {
      void this.#connect()
    })
  }

  #enter(to: ClientState): void {
    const from = this.#state
    if (from === to) return
    this.#state = to
    this.#events.emit('state', { from, to })
  }
}
