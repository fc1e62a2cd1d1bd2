/** What ends a program from outside, and the code it then ends with. */
const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const

/** Undoes what the tour has set up, last things first, however the tour ends. */
export class Cleanup {
  readonly #steps: (() => Promise<void> | void)[] = []
  #done: Promise<void> | undefined

  /** Whether it has begun: what fails from now on fails because of it. */
  get hasBegun(): boolean {
    return this.#done !== undefined
  }

  /** Adds a step. */
  add(step: () => Promise<void> | void): void {
    this.#steps.push(step)
  }

  /** Runs all steps, once; a step that fails does not keep the others from running. */
  run(): Promise<void> {
    this.#done ??= this.#runAll()
    return this.#done
  }

  /** Cleans up and ends the process on Ctrl+C and the like, and when nobody reads its output any more. */
  runOnInterruption(): void {
    for (const [signal, code] of SIGNALS) {
      process.once(signal, () => {
        void this.run().finally(() => process.exit(code))
      })
    }
    process.stdout.on('error', () => {
      void this.run().finally(() => process.exit(1))
    })
  }

  async #runAll(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step()
      } catch (error) {
        console.error(error)
      }
    }
  }
}
