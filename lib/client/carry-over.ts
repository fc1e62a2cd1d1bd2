import type { BroughtOver } from './client-state'
import type { Handover } from './command'
import type { HistoryProof } from './history-proof'
import type { Invalidation, Send } from './invalidation'
import { invalidate } from './invalidation'
import type { Journal } from './journal'
import type { OutageReport } from './outage-report'

/** How Redis is told. */
export interface Sender {
  /** Within the budget of a command: a Redis that is slower is of no use. */
  readonly send: Send
  /** With patience: nobody waits for it. */
  readonly sendPatiently: Send
}

/** Where changes are kept that Redis is to be told. */
export interface Changes {
  /** Those it has not been told. */
  readonly journal: Journal
  /** Those it may have forgotten. */
  readonly history: HistoryProof
}

/**
 * What Redis lacks, and how it gets it: the changes it was never told of (the journal), those it was told of and
 * has forgotten (the history proof), and what parts with state of their own have (the handovers).
 */
export class CarryOver {
  readonly #journal: Journal
  readonly #history: HistoryProof
  readonly #report: OutageReport
  readonly #handovers = new Set<Handover>()
  /** Since when Redis may lack what it acknowledged. */
  #lacksSince = -Infinity

  constructor({ journal, history }: Changes, report: OutageReport) {
    this.#journal = journal
    this.#history = history
    this.#report = report
  }

  /** How much Redis has not got. */
  get pending(): number {
    return [...this.#handovers].reduce((sum, handover) => sum + handover.pending(), this.#journal.size)
  }

  /** Adds a part with state of its own. Returns the function that takes it away again. */
  add(handover: Handover): () => void {
    this.#handovers.add(handover)
    return () => {
      this.#handovers.delete(handover)
    }
  }

  /** Notes what Redis has not been told, or may not have heard. */
  note(invalidation: Invalidation): void {
    if (this.#journal.note(invalidation)) this.#report.journalFull()
  }

  /** Remembers what Redis has acknowledged: it may forget. */
  acknowledge(invalidation: Invalidation): void {
    this.#history.note(invalidation)
  }

  /** Tells Redis. */
  async deliver(invalidation: Invalidation, send: Send): Promise<void> {
    await send((redis) => invalidate(redis, invalidation))
    this.acknowledge(invalidation)
  }

  /** Tells Redis, and rejects as it does; then it is noted. */
  async deliverOrNote(invalidation: Invalidation, send: Send): Promise<void> {
    try {
      await this.deliver(invalidation, send)
    } catch (error) {
      this.note(invalidation)
      throw error
    }
  }

  /**
   * Asks Redis for proof that it has forgotten nothing, and notes what it may lack.
   *
   * @returns whether it is known to lack nothing.
   */
  async prove(send: Send, isSameConnection: boolean): Promise<boolean> {
    const { isLost, lacksSince, missing } = await this.#history.prove(send, isSameConnection)
    if (missing === 'everything') this.#journal.noteEverything()
    else for (const [name, single] of missing) this.#journal.noteSingle(name, single)
    this.#lacksSince = Math.min(this.#lacksSince, lacksSince)
    if (isLost) this.#report.historyLost(missing === 'everything' ? missing : missing.length)
    return lacksSince === Infinity
  }

  /** Brings everything over, also what is noted meanwhile. Rejects as Redis does; nothing is lost then. */
  async bring({ send, sendPatiently }: Sender, isSameConnection: boolean): Promise<BroughtOver> {
    await this.prove(send, isSameConnection)
    for (const handover of this.#handovers) await handover.bring(sendPatiently, this.#lacksSince)
    let replayed = 0
    let everything = false
    while (this.#journal.size > 0) {
      everything ||= this.#journal.isForEverything
      replayed += await this.#journal.replay((invalidation) => this.deliver(invalidation, sendPatiently))
    }
    this.#lacksSince = Infinity
    return { replayed, everything }
  }

  /** Leaves nothing behind in Redis. */
  end(send: Send): Promise<void> {
    return this.#history.end(send)
  }
}
