/** Where holdfast writes its few lines. `console`, winston and most other loggers fit as they are. */
export interface Logger {
  /** Something changed for the better: connected, recovered. */
  info(message: string, details?: Record<string, unknown>): void
  /** Something to look at that works all the same. */
  warn(message: string, details?: Record<string, unknown>): void
  /** Something failed and is being stood in for. */
  error(message: string, details?: Record<string, unknown>): void
}

/** The default: one line on the console, the details as `name=value` behind the message. */
export const consoleLogger: Logger = {
  info: (message, details) => {
    console.info(oneLine(message, details))
  },
  warn: (message, details) => {
    console.warn(oneLine(message, details))
  },
  error: (message, details) => {
    console.error(oneLine(message, details))
  },
}

/** For those who want none of it: `logger: false`. */
export const silentLogger: Logger = { info: ignore, warn: ignore, error: ignore }

function oneLine(message: string, details: Record<string, unknown> = {}): string {
  const pairs = Object.entries(details).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return pairs.length === 0 ? message : `${message} (${pairs.join(' ')})`
}

function ignore(): void {
  // Nothing to do: that is the point.
}

/** A logger that fails must not fail the one who logs. */
export function guardedLogger(logger: Logger): Logger {
  const write =
    (level: keyof Logger) =>
    (message: string, details?: Record<string, unknown>): void => {
      try {
        const result = (logger as Record<keyof Logger, (...line: unknown[]) => unknown>)[level](
          message,
          details,
        )
        if (result instanceof Promise) result.catch(tellNobody)
      } catch {
        tellNobody()
      }
    }
  return { info: write('info'), warn: write('warn'), error: write('error') }
}

function tellNobody(): void {
  // The logger is the one who would be told.
}
