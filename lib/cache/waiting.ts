import { LoaderTimeoutError } from '../errors'
import { onAbort } from './abort-listeners'

/** How long somebody waits. */
export interface WaitOptions {
  /** At most so many milliseconds; `undefined` for as long as it takes. */
  readonly timeoutMs: number | undefined
  /** Until it says so; `undefined` for no such thing. */
  readonly signal: AbortSignal | undefined
  /** Called where the signal has ended the waiting. */
  readonly onAborted: () => void
}

const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * Waits for an answer, which goes on being made whether or not anybody waits.
 *
 * @throws {LoaderTimeoutError} where the time is over; the signal's reason where it says so; as the answer does.
 */
export function waitFor<Answer>(
  answer: Promise<Answer>,
  { timeoutMs, signal, onAborted }: WaitOptions,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // Keeps the process alive: a caller waits.
    const timer =
      timeoutMs === undefined ? undefined : setTimeout(giveUp, Math.min(timeoutMs, LONGEST_TIMER_MS))
    const stopListening = signal && onAbort(signal, abort)
    const end = (): void => {
      clearTimeout(timer)
      stopListening?.()
    }
    function giveUp(): void {
      end()
      reject(new LoaderTimeoutError(timeoutMs ?? 0))
    }
    function abort(): void {
      end()
      onAborted()
      // The caller's own reason, whatever it is.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      reject(signal?.reason)
    }
    answer.then(resolve, reject).finally(end)
  })
}
