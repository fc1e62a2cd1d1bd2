import { inParts } from '../in-parts'
import type { Revocation } from './revocation'

interface Waiting {
  readonly revocations: readonly Revocation[]
  readonly resolve: (isSent: boolean) => void
}

type SendBatch = (batch: readonly Revocation[]) => Promise<boolean>

/**
 * Joins what is revoked at a time into few commands, one after the other: ten thousand at once are no flood that Redis
 * would be busy with for longer than a command may take. What belongs together stays together.
 */
export class SendQueue {
  readonly #most: number
  readonly #send: SendBatch
  #waiting: Waiting[] = []
  #isSending = false

  /** Takes how many go into one command, and what sends them. */
  constructor(most: number, send: SendBatch) {
    this.#most = most
    this.#send = send
  }

  /** Whether nothing waits, nor is under way. */
  get isIdle(): boolean {
    return !this.#isSending
  }

  /** Sends these in parts, as many as there are: those of a part stay together. */
  addMany(revocations: readonly Revocation[]): void {
    for (const part of inParts(revocations, this.#most)) void this.add(part)
  }

  /** Sends these, which belong together. @returns whether they were acknowledged. */
  add(revocations: readonly Revocation[]): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.push({ revocations, resolve })
      if (this.#isSending) return
      this.#isSending = true
      // By then whoever revokes many at a time has said which.
      process.nextTick(() => void this.#run())
    })
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting
      this.#waiting = []
      for (let begin = 0; begin < waiting.length;) {
        const end = endOfBatch(waiting, begin, this.#most)
        await this.#sendBatch(waiting.slice(begin, end))
        begin = end
      }
    }
    this.#isSending = false
  }

  async #sendBatch(batch: readonly Waiting[]): Promise<void> {
    const isSent = await this.#send(batch.flatMap(({ revocations }) => revocations))
    // It may be for one of them that all were refused.
    if (!isSent && batch.length > 1) for (const each of batch) await this.#sendBatch([each])
    else for (const { resolve } of batch) resolve(isSent)
  }
}

function endOfBatch(waiting: readonly Waiting[], begin: number, most: number): number {
  let size = 0
  let end = begin
  while (end < waiting.length) {
    size += waiting[end]?.revocations.length ?? 0
    if (end > begin && size > most) break
    end += 1
  }
  return end
}
