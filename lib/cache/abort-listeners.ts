interface Listening {
  readonly listeners: Set<() => void>
  /** What the signal itself has. */
  readonly tell: () => void
}

const listening = new WeakMap<AbortSignal, Listening>()

/**
 * Calls the listener when the signal aborts. A signal has one listener of ours, however many calls it is given to:
 * Node.js takes more than ten for a leak.
 *
 * @returns what takes the listener away again.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const { listeners, tell } = listening.get(signal) ?? listenTo(signal)
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0 || listening.get(signal)?.tell !== tell) return
    listening.delete(signal)
    signal.removeEventListener('abort', tell)
  }
}

function listenTo(signal: AbortSignal): Listening {
  const listeners = new Set<() => void>()
  const tell = (): void => {
    for (const listener of listeners) listener()
  }
  const begun = { listeners, tell }
  listening.set(signal, begun)
  signal.addEventListener('abort', tell)
  return begun
}
