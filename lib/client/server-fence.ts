import { ErrorReply } from 'redis'
import { describeCause } from '../errors'
import type { Logger } from '../logger'

/**
 * Ends at the server the connection that came before. A command that was given up may still be on its way,
 * held back by a proxy or a socket's buffer: without the fence it could be carried out after all that is
 * replayed, and bring an old value back.
 *
 * A connection is known by its id and its address together, since a server that restarts counts ids anew. Where
 * `CLIENT KILL` or `CLIENT INFO` isn't permitted there is no fence, and the log says so once.
 */
export class ServerFence {
  readonly #send: (...command: string[]) => Promise<unknown>
  readonly #logger: Logger
  #former: { readonly id: string; readonly address: string } | undefined
  #isImpossible = false

  constructor(send: (...command: string[]) => Promise<unknown>, logger: Logger) {
    this.#send = send
    this.#logger = logger
  }

  /** To be called first on each new connection. Resolves when nothing sent over the one before can still arrive. */
  async raise(): Promise<void> {
    if (this.#isImpossible) return
    try {
      const [, info] = await Promise.all([this.#killFormer(), this.#send('CLIENT', 'INFO')])
      this.#former = identify(String(info))
    } catch (error) {
      if (!(error instanceof ErrorReply) || !/^(NOPERM|ERR (unknown|syntax))/i.test(error.message))
        throw error
      this.#isImpossible = true
      this.#logger.warn(
        'Redis does not permit CLIENT KILL: a write in doubt may still arrive after an outage',
        {
          cause: describeCause(error),
          remedy: 'ACL SETUSER … +client|kill +client|info',
        },
      )
    }
  }

  async #killFormer(): Promise<void> {
    if (this.#former === undefined) return
    const { id, address } = this.#former
    await this.#send('CLIENT', 'KILL', 'ID', id, 'ADDR', address)
  }
}

function identify(info: string): { id: string; address: string } | undefined {
  const [, id] = /(?:^|\s)id=(\d+)/.exec(info) ?? []
  const [, address] = /\saddr=(\S+)/.exec(info) ?? []
  return id === undefined || address === undefined ? undefined : { id, address }
}
