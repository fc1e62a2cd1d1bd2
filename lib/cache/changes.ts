interface Expectation {
  readonly tell: (isTold: boolean) => void
  timer: NodeJS.Timeout | undefined
}

/** A change of a key that somebody expects. */
export interface Change {
  /** Resolves with `true` when the key has changed, with `false` when the time is over. */
  readonly within: (ms: number) => Promise<boolean>
  /** Ends the expectation. */
  readonly forget: () => void
}

/** Those who expect a key to change: told when it does, instead of asking again and again. */
export class Changes {
  readonly #expected = new Map<string, Set<Expectation>>()

  /** Begins to expect a change, also one that comes before it is waited for. */
  expect(key: string): Change {
    let tell: Expectation['tell'] = nobody
    const told = new Promise<boolean>((resolve) => (tell = resolve))
    const expectation: Expectation = { tell, timer: undefined }
    const others = this.#expected.get(key) ?? new Set()
    this.#expected.set(key, others.add(expectation))
    const forget = (): void => {
      clearTimeout(expectation.timer)
      others.delete(expectation)
      if (others.size === 0 && this.#expected.get(key) === others) this.#expected.delete(key)
    }
    const within = (ms: number): Promise<boolean> => {
      // Keeps the process alive: a caller waits.
      expectation.timer = setTimeout(() => {
        expectation.tell(false)
      }, ms)
      return told.finally(forget)
    }
    return { within, forget }
  }

  /** Tells those who expect this key to change. */
  tell(key: string): void {
    for (const { tell } of this.#expected.get(key) ?? []) tell(true)
  }

  /** Tells everybody: anything may have changed. */
  tellAll(): void {
    for (const key of this.#expected.keys()) this.tell(key)
  }
}

function nobody(): void {
  // Replaced at once.
}
