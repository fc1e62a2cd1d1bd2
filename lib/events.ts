import { EventEmitter } from 'node:events'
import { describeCause } from './errors'
import type { Logger } from './logger'

/** A typed emitter whose listeners cannot break the one who emits. */
export class Events<Map extends Record<keyof Map, object>> {
  readonly #emitter = new EventEmitter()
  readonly #logger: Logger

  constructor(logger: Logger) {
    // Every part that keeps state of its own listens: that is no leak.
    this.#emitter.setMaxListeners(0)
    this.#logger = logger
  }

  /** Adds a listener. Returns the function that takes it away again. */
  on<Name extends keyof Map & string>(name: Name, listener: (event: Map[Name]) => void): () => void {
    this.#emitter.on(name, listener)
    return () => {
      this.#emitter.off(name, listener)
    }
  }

  /** Tells every listener. One that throws is logged and does not keep the others from hearing. */
  emit<Name extends keyof Map & string>(name: Name, event: Map[Name]): void {
    const failed = (error: unknown): void => {
      this.#logger.error('Cache listener failed', { event: name, cause: describeCause(error) })
    }
    for (const listener of this.#emitter.listeners(name) as ((event: Map[Name]) => unknown)[]) {
      try {
        // Declared to return nothing, and async all the same as often as not.
        const result = listener(event)
        if (result instanceof Promise) result.catch(failed)
      } catch (error) {
        failed(error)
      }
    }
  }
}
