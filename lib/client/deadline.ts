import { CommandTimeoutError } from '../errors'

interface Wait {
  readonly due: number
  readonly giveUp: () => void
  settled: boolean
  onSettled?: () => void
}

/**
 * Gives every command the same budget of time, with one timer for all of them: the budget being the same,
 * they fall due in the order in which they began.
 *
 * When the timer is late because the application's own code held the event loop, the replies that have
 * arrived meanwhile are read before anything is called late.
 */
export class Deadline {
  readonly #budgetMs: number
  #waits: Wait[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(budgetMs: number) {
    this.#budgetMs = budgetMs
  }

  /** Settles as the work does, or rejects with a {@link CommandTimeoutError} once the budget is used up. */
  bound<Value>(work: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const wait: Wait = {
        due: performance.now() + this.#budgetMs,
        giveUp: () => {
          reject(new CommandTimeoutError(this.#budgetMs))
        },
        settled: false,
      }
      this.#waits.push(wait)
      this.#arm()
      work.then(
        (value) => {
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

  /** Resolves when nothing is waited for any more. */
  async idle(): Promise<void> {
    const pending = this.#waits.filter((wait) => !wait.settled)
    await Promise.all(
      pending.map(
        (wait) =>
          new Promise<void>((resolve) => {
            wait.onSettled = resolve
          }),
      ),
    )
  }

  #arm(): void {
    const first = this.#waits[0]
    if (this.#timer !== undefined || first === undefined) return
    const delay = Math.max(1, Math.ceil(first.due - performance.now()))
    this.#timer = setTimeout(() => {
      // Replies that are waiting in the socket are read between a timer and an immediate.
      setImmediate(() => {
        this.#expire()
      })
    }, delay).unref()
  }

  #expire(): void {
    this.#timer = undefined
    const now = performance.now()
    const pending = this.#waits.filter((wait) => !wait.settled)
    const due = pending.filter((wait) => wait.due <= now)
    this.#waits = pending.slice(due.length)
    for (const wait of due) {
      settle(wait)
      wait.giveUp()
    }
    this.#arm()
  }
}

function settle(wait: Wait): void {
  wait.settled = true
  wait.onSettled?.()
}
