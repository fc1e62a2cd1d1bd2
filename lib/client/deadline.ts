import { CommandTimeoutError } from '../errors'

interface Wait {
  readonly begun: number
  due: number
  /** Gone once it is settled, and with it all that the answer holds. */
  giveUp: ((cause: Error) => void) | undefined
  onSettled?: (() => void)[]
}

/** How often it is looked, while something is waited for, whether the application holds the event loop. */
const TICK_MS = 20
/** A timer that is later than this was held up by the application itself. */
const PUNCTUAL_MS = 10

/**
 * Gives every command the same budget of time, with one timer for all of them.
 *
 * Time in which the application's own code held the event loop is not the command's: what was under way then
 * gets that time back, and a turn to read the replies that have arrived meanwhile.
 */
export class Deadline {
  readonly #budgetMs: number
  #waits: Wait[] = []
  #timer: NodeJS.Timeout | undefined
  #answers = 0

  constructor(budgetMs: number) {
    this.#budgetMs = budgetMs
  }

  /** How many have been answered so far. */
  get answers(): number {
    return this.#answers
  }

  /** Settles as the work does, or rejects with a {@link CommandTimeoutError} once the budget is used up. */
  bound<Value>(work: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const begun = performance.now()
      const wait: Wait = { begun, due: begun + this.#budgetMs, giveUp: reject }
      this.#waits.push(wait)
      if (this.#timer === undefined) this.#arm()
      work.then(
        (value) => {
          this.#answers += 1
          settle(wait)
          resolve(value)
        },
        (error: unknown) => {
          settle(wait)
          // The work's own reason is passed on as it came.
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
          reject(error)
        },
      )
    })
  }

  /** The same, but the budget begins anew for as long as the measure of progress changes. */
  async boundWhile<Value>(progress: () => unknown, work: Promise<Value>): Promise<Value> {
    for (;;) {
      const before = progress()
      try {
        return await this.bound(work)
      } catch (error) {
        if (!(error instanceof CommandTimeoutError) || progress() === before) throw error
      }
    }
  }

  /** Whether anything is under way. */
  isBusy(): boolean {
    return this.#waits.some(isPending)
  }

  /** Resolves when nothing of what is under way now is waited for any more. */
  async idle(): Promise<void> {
    const pending = this.#waits.filter(isPending)
    await Promise.all(
      pending.map((wait) => new Promise<void>((resolve) => (wait.onSettled ??= []).push(resolve))),
    )
  }

  #arm(): void {
    if (this.#waits.length === 0) return
    const next = this.#waits.reduce((earliest, { due }) => Math.min(earliest, due), Infinity)
    const delay = Math.min(TICK_MS, Math.max(1, Math.ceil(next - performance.now())))
    const expected = performance.now() + delay
    this.#timer = setTimeout(() => {
      const lateMs = performance.now() - expected
      // Replies that are waiting in the socket are read between a timer and an immediate.
      setImmediate(() => {
        this.#expire(lateMs)
      })
    }, delay).unref()
  }

  #expire(lateMs: number): void {
    this.#timer = undefined
    const now = performance.now()
    const pending = this.#waits.filter(isPending)
    if (lateMs > PUNCTUAL_MS) {
      for (const wait of pending) {
        const heldUpMs = Math.min(lateMs, now - wait.begun)
        // At least another turn of the event loop: what was asked for just before may not even have been written.
        wait.due = Math.max(wait.due + heldUpMs, now + 1)
      }
    }
    this.#waits = pending.filter(({ due }) => due > now)
    for (const wait of pending.filter(({ due }) => due <= now)) {
      wait.giveUp?.(new CommandTimeoutError(this.#budgetMs))
      settle(wait)
    }
    this.#arm()
  }
}

function isPending(wait: Wait): boolean {
  return wait.giveUp !== undefined
}

function settle(wait: Wait): void {
  wait.giveUp = undefined
  if (wait.onSettled !== undefined) for (const tell of wait.onSettled) tell()
}
