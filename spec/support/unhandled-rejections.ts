import { setImmediate as turn } from 'node:timers/promises'

/** Fails each test of the suite around it that leaves a rejection to nobody: mocha alone lets it pass. */
export function failOnUnhandledRejections(): void {
  const reasons: unknown[] = []
  const note = (reason: unknown): void => {
    reasons.push(reason)
  }

  beforeEach(() => {
    process.on('unhandledRejection', note)
  })

  afterEach(async () => {
    await turn()
    process.off('unhandledRejection', note)
    const [first] = reasons.splice(0)
    if (first !== undefined) throw new Error('Nobody handles a rejection', { cause: first })
  })
}
