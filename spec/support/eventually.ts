// Taken before a test puts a fake clock in their place.
const { setTimeout: later } = globalThis
const now = performance.now.bind(performance)

const POLL_INTERVAL_MS = 5

/** How long to go on trying. */
export interface EventuallyOptions {
  /** In milliseconds of real time. @default 5000 */
  withinMs?: number
}

/**
 * Waits until a check holds and returns its result. A check holds when it neither throws (an assertion) nor
 * returns `false` (a predicate).
 *
 * @throws What the check last failed with, when the time is over.
 */
export async function eventually<Result>(
  check: () => Result | Promise<Result>,
  { withinMs = 5000 }: EventuallyOptions = {},
): Promise<Result> {
  const deadline = now() + withinMs
  for (;;) {
    const outcome = await attempt(check)
    if ('result' in outcome) return outcome.result
    if (now() >= deadline) throw outcome.error
    await new Promise((resolve) => later(resolve, POLL_INTERVAL_MS))
  }
}

async function attempt<Result>(
  check: () => Result | Promise<Result>,
): Promise<{ result: Result } | { error: unknown }> {
  try {
    const result = await check()
    return result === false ? { error: new Error(`Still false: ${check.toString()}`) } : { result }
  } catch (error) {
    return { error }
  }
}
