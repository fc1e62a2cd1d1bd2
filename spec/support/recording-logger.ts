import type { Logger } from 'holdfast'

/** One call of a logger. */
export interface LogLine {
  level: keyof Logger
  message: string
  details?: Record<string, unknown>
}

/** A logger that keeps what it is told. */
export class RecordingLogger implements Logger {
  readonly lines: LogLine[] = []

  /** The messages alone, of every level or of one. */
  messages(level?: keyof Logger): string[] {
    return this.lines
      .filter((line) => level === undefined || line.level === level)
      .map((line) => line.message)
  }

  info(message: string, details?: Record<string, unknown>): void {
    this.#record('info', message, details)
  }

  warn(message: string, details?: Record<string, unknown>): void {
    this.#record('warn', message, details)
  }

  error(message: string, details?: Record<string, unknown>): void {
    this.#record('error', message, details)
  }

  #record(level: keyof Logger, message: string, details?: Record<string, unknown>): void {
    this.lines.push({ level, message, ...(details !== undefined && { details }) })
  }
}
