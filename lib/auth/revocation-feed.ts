import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Cache } from '../cache/cache'
import type { CacheClient } from '../client/cache-client'
import type { Send } from '../client/invalidation'
import { hasLogs } from '../client/log-client'
import { CommandRefusedError } from '../errors'
import { inParts } from '../in-parts'
import { warnOfEviction } from './eviction-warning'
import { warnOfNoCopy } from './no-copy-warning'
import { PartSize } from './part-size'
import { ReplicaConfirmation } from './replica-confirmation'
import type { Revocation } from './revocation'
import type { RevocationCopy } from './revocation-copy'
import { RevocationLogs } from './revocation-log'
import type { Reading, ReadPart, RevocationLog } from './revocation-log'
import { SendQueue } from './send-queue'

const POLL_MS = 1000
/** A Redis that has only just come back may have had no room for us. */
const RETRY_MS = 50
const BATCH = 100
/** So many instances find at once that Redis has lost something: the first of them spares the others most of it. */
const LONGEST_DELAY_MS = 300

/** What came of asking for more of a log. */
interface Asked {
  readonly begun: number
  readonly reading: Reading | undefined
}

/**
 * Keeps a copy of all revocations in step with Redis, and Redis with the copy. Redis's word that a log has changed is
 * a hint and wakes it; a look each second is the proof. What Redis turns out to have lost is written back.
 */
export class RevocationFeed {
  /** How replicas of Redis are asked. */
  readonly replicas: ReplicaConfirmation
  readonly #cache: Cache
  readonly #copy: RevocationCopy
  readonly #logs: RevocationLogs
  readonly #queue = new SendQueue(BATCH, (batch) => this.#send(batch))
  readonly #partSize = new PartSize()
  readonly #due = new Set<RevocationLog>()
  readonly #provenAt = new Map<RevocationLog, number>()
  readonly #timers = new Map<'poll' | 'retry' | 'restore', NodeJS.Timeout>()
  #canUseLogs = true
  #canReadAll = true
  #isRunning = false
  #hasWarned = false
  /** When all logs had been read to their end, by `performance.now()`. */
  #wholeAt = -Infinity
  /** When Redis was last found usable after it had not been. */
  #readyAt = -Infinity
  /** Redis has lost something: what it lacks, once that is known. */
  #restoring: 'reading' | Iterator<Revocation> | undefined
  #restored = 0

  constructor(cache: Cache, copy: RevocationCopy) {
    this.#cache = cache
    this.#copy = copy
    this.#logs = new RevocationLogs(cache.prefix)
    this.replicas = new ReplicaConfirmation(cache, this.#logs)
    if (cache.state === 'memory') return
    const unsubscribe = [
      cache.client.onRecovery({
        bring: (send, lacksSince) => this.#bring(send, lacksSince < Infinity),
        pending: () => copy.countUnacknowledged(),
      }),
      cache.core.onStoredChange((name) => {
        this.#wake(this.#logs.all.filter((log) => name === undefined || log.name === name))
      }),
      cache.on('state', ({ to }) => {
        if (to === 'ready') this.#ready()
        if (to !== 'closed') return
        for (const timer of this.#timers.values()) clearTimeout(timer)
        for (const end of unsubscribe.slice(1)) end()
      }),
    ]
    this.#timers.set('poll', setInterval(this.#poll, POLL_MS).unref())
    if (cache.state === 'ready') this.#ready()
  }

  /** The names under which Redis has revocations. */
  get names(): RevocationLogs['names'] {
    return this.#logs.names
  }

  /** Whether all that was revoked anywhere, up to so many milliseconds ago, is in the copy. */
  isComplete(maxStalenessMs: number): boolean {
    if (!this.#copy.isWhole) return false
    if (this.#cache.state === 'memory') return true
    return this.#restoring === undefined && performance.now() - this.#wholeAt <= maxStalenessMs
  }

  /**
   * Whether Redis, where it can be asked, would have told of anything new: all has been read since the connection was
   * made, and it carries what is sent. In an outage there is nothing new to be had.
   */
  isCurrent(): boolean {
    const { client } = this.#cache
    return (
      client.state !== 'ready' || (this.#wholeAt >= this.#readyAt && performance.now() < client.trustedUntil)
    )
  }

  /** Hands revocations to Redis, if there is one, all together. @returns whether Redis has acknowledged them. */
  send(revocations: readonly Revocation[]): Promise<boolean> {
    if (this.#cache.state === 'memory') this.#copy.settle(revocations)
    return this.#queue.add(revocations)
  }

  #ready(): void {
    this.#readyAt = performance.now()
    this.#wake(this.#logs.all)
    // What was revoked while Redis was brought what it lacked was too late for that.
    this.#tell(this.#copy.unsettled())
    if (this.#hasWarned) return
    this.#hasWarned = true
    void warnOfEviction(this.#cache)
  }

  readonly #poll = (): void => {
    this.#copy.sweep()
    if (this.#restoring === undefined && this.#copy.hasRoomAgain) this.#readAnew()
    this.#wake(this.#logs.all)
    // What was sent before all was read and did not show, and what was never acknowledged: not what waits for that.
    if (this.#queue.isIdle) this.#tell(this.#copy.unsettled(this.#wholeAt))
  }

  #tell(lacking: readonly Revocation[]): void {
    if (this.#cache.isConnected) this.#queue.addMany(lacking)
  }

  #wake(logs: readonly RevocationLog[]): void {
    if (!this.#canReadAll) return
    for (const log of logs) this.#due.add(log)
    if (!this.#isRunning && this.#cache.isConnected) void this.#run()
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    while (this.#due.size > 0 && this.#cache.isConnected) {
      const [log] = this.#due
      if (log !== undefined && (await this.#readOn(log)) === 'unanswered') {
        this.#later('retry', RETRY_MS)
        break
      }
    }
    this.#isRunning = false
  }

  /** Reads a log to its end. Redis is asked for more before what it has said is worked on. */
  async #readOn(log: RevocationLog): Promise<Reading['outcome'] | 'unanswered'> {
    let asked = this.#ask(log)
    for (;;) {
      const { begun, reading } = await asked
      if (reading === undefined) {
        this.#due.add(log)
        return 'unanswered'
      }
      if (reading.outcome === 'lost') this.#readAnew()
      else if (reading.outcome !== 'read') this.#giveUp(reading.outcome)
      if (reading.outcome !== 'read') return reading.outcome
      const isDue = log.moveOn(reading)
      if (isDue && reading.isAtEnd) {
        this.#learn(reading)
        this.#proven(log, begun)
        return 'read'
      }
      asked = this.#ask(log)
      // It is sent at the end of this turn. Meanwhile all may have to be read anew, and this part again.
      await nextTurn()
      if (isDue && log.isBehind(reading)) this.#learn(reading)
    }
  }

  #learn({ revocations, isAtEnd }: ReadPart): void {
    const begun = performance.now()
    const { writer } = this.#logs
    const now = this.#cache.clock.now() / 1000
    for (const said of revocations) this.#tell(this.#copy.readPacked(said, writer, now))
    if (!isAtEnd) this.#partSize.took(performance.now() - begun)
  }

  async #ask(log: RevocationLog): Promise<Asked> {
    this.#due.delete(log)
    const [begun, now] = [performance.now(), this.#cache.clock.now()]
    const { count } = this.#partSize
    return { begun, reading: await this.#cache.client.ask((client) => log.read(client, now, count)) }
  }

  #proven(log: RevocationLog, begun: number): void {
    this.#provenAt.set(log, begun)
    if (this.#provenAt.size < this.#logs.all.length) return
    this.#wholeAt = Math.min(...this.#provenAt.values())
    if (this.#restoring === 'reading') {
      this.#restoring = this.#copy.unread()
      this.#restored = 0
      this.#later('restore', Math.random() * LONGEST_DELAY_MS)
    }
  }

  /** The log is not what it was: everything is read again, and then Redis is told what it lacks. */
  #readAnew(): void {
    this.#restoring = 'reading'
    this.#copy.beginReading()
    this.#provenAt.clear()
    for (const log of this.#logs.all) {
      log.rewind()
      this.#due.add(log)
    }
  }

  /** Writes back a part of what Redis lacks; what others have written back meanwhile is not among it. */
  async #restore(): Promise<void> {
    const lacking = this.#restoring
    if (lacking === undefined || lacking === 'reading') return
    const batch: Revocation[] = []
    while (batch.length < BATCH) {
      const { done, value } = lacking.next() as IteratorResult<Revocation, undefined>
      if (done === true) break
      batch.push(value)
    }
    if (batch.length > 0 && !(await this.#queue.add(batch))) {
      // From the start: what has been written back is read back until then.
      if (this.#restoring === lacking) this.#restoring = this.#copy.unread()
      this.#later('restore', POLL_MS)
      return
    }
    this.#restored += batch.length
    if (this.#restoring !== lacking) return
    if (batch.length === BATCH) this.#later('restore', 0)
    else this.#endRestoring()
  }

  #endRestoring(): void {
    this.#restoring = undefined
    if (this.#restored === 0) return
    this.#cache.logger.info('Revocations written back to Redis', { count: this.#restored })
  }

  #later(what: 'retry' | 'restore', delayMs: number): void {
    const work = {
      retry: () => {
        this.#wake([])
      },
      restore: () => void this.#restore(),
    }
    clearTimeout(this.#timers.get(what))
    if (this.#cache.state !== 'closed') this.#timers.set(what, setTimeout(work[what], delayMs).unref())
  }

  #giveUp(outcome: Exclude<Reading['outcome'], 'read' | 'lost'>): void {
    this.#due.clear()
    this.#copy.expectNoLog()
    this.#canReadAll = false
    if (outcome === 'refused') this.#canUseLogs = false
    this.#restoring = undefined
    this.#wholeAt = -Infinity
    warnOfNoCopy(this.#cache.logger, outcome)
  }

  async #send(batch: readonly Revocation[]): Promise<boolean> {
    const isSent = await this.#cache.client.ask(async (client) => {
      await this.#append(client, batch)
      return true
    })
    return isSent === true
  }

  /** Redis is back: it gets what it was not told, or has not shown, before anything else. */
  async #bring(send: Send, mayLackMore: boolean): Promise<void> {
    const isProvable = this.#canReadAll && (await send((client) => Promise.resolve(hasLogs(client))))
    // Without a log that can be read nobody can tell what it lacks.
    const lacking = isProvable || !mayLackMore ? this.#copy.unsettled(Infinity) : [...this.#copy.all()]
    for (const batch of inParts(lacking, BATCH)) await this.#bringBatch(batch, send)
  }

  async #bringBatch(batch: readonly Revocation[], send: Send): Promise<void> {
    try {
      await send((client) => this.#append(client, batch))
    } catch (error) {
      if (!(error instanceof CommandRefusedError)) throw error
      // One of them is refused: it keeps neither the others nor Redis itself from being used.
      if (batch.length > 1) for (const single of batch) await this.#bringBatch([single], send)
    }
  }

  async #append(client: CacheClient, batch: readonly Revocation[]): Promise<void> {
    const now = this.#cache.clock.now()
    if (this.#canUseLogs && hasLogs(client)) {
      await this.#logs.append(client, batch, now)
      this.#copy.acknowledge(batch, performance.now())
      return
    }
    await this.#logs.raiseKeys(client, batch, now)
    this.#copy.settle(batch)
  }
}
