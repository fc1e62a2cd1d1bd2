import { describeValue } from '../check-options'
import type { CacheClient } from '../client/cache-client'
import { InvalidOptionError } from '../errors'
import type { FaultyCommand } from './wire'
import { COMMANDS } from './wire'

/** Which commands a fault is for. */
export interface FaultOptions {
  /** Their names, as the client's methods are called. @default all of them, and the connection itself */
  readonly commands?: readonly FaultyCommand[]
}

/** How a client fails. */
export interface FailOptions extends FaultOptions {
  /**
   * What its promises reject with. A `CommandRefusedError` says that only these commands are refused, and makes
   * sense only with `commands`.
   *
   * @default an Error that names this client
   */
  readonly cause?: Error
}

/** How a client hangs. */
export interface HangOptions extends FaultOptions {
  /**
   * What doesn't get through. `'request'`: nothing is carried out, unless {@link FaultyClient.heal} comes before
   * the connection is dropped. `'reply'`: all of it is carried out at once, and nobody learns of it.
   *
   * @default 'request'
   */
  readonly withhold?: 'request' | 'reply'
}

/** How a client comes and goes. */
export interface FlapOptions {
  /** How long it works, in milliseconds, 1 up. @default 300 */
  readonly upMs?: number
  /** How long it doesn't, in milliseconds, 1 up. @default 300 */
  readonly downMs?: number
}

/**
 * Reads the names of commands. `undefined`: all of them.
 *
 * @throws {InvalidOptionError} for anything but names of commands.
 */
export function checkCommands(option: string, commands: unknown): ReadonlySet<FaultyCommand> | undefined {
  if (commands === undefined) return undefined
  if (Array.isArray(commands) && commands.length > 0 && commands.every(isCommand)) return new Set(commands)
  const unknown: unknown = Array.isArray(commands) ? commands.find((name) => !isCommand(name)) : commands
  throw new InvalidOptionError(
    option,
    `expected an array of names of commands (${COMMANDS.join(', ')}), got ${describeValue(unknown)}`,
  )
}

function isCommand(name: unknown): name is FaultyCommand {
  return COMMANDS.some((command) => command === name)
}

const METHODS = ['disconnect', 'close', 'onDisconnect', ...COMMANDS] as const
const OPTIONAL: readonly string[] = ['info', 'connections', 'head', 'appendLog', 'readLog']

/**
 * Makes sure of a client to wrap.
 *
 * @throws {InvalidOptionError} for what is no cache client.
 */
export function checkClient(option: string, client: CacheClient): void {
  const given = client as Partial<CacheClient> | null
  const isClient = METHODS.every((name) => OPTIONAL.includes(name) || typeof given?.[name] === 'function')
  if (!isClient) throw new InvalidOptionError(option, `expected a CacheClient, got ${describeValue(client)}`)
}
