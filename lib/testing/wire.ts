/** The commands of a client that a fault can be limited to. */
export const COMMANDS = [
  'connect',
  'ping',
  'getMany',
  'head',
  'timeLeft',
  'set',
  'delete',
  'lease',
  'claim',
  'keepLeases',
  'setLeased',
  'release',
  'stamp',
  'ensureStamps',
  'raise',
  'appendLog',
  'readLog',
  'size',
  'info',
  'connections',
] as const

/** One of the commands that a fault can be limited to. */
export type FaultyCommand = (typeof COMMANDS)[number]

/** What is wrong with a wire: with all that goes over it, or with these commands alone. */
export type Fault = { readonly commands: ReadonlySet<string> | undefined } & (
  | { readonly kind: 'fail'; readonly cause: Error }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'hang'; readonly withhold: Stage }
)

/** Which half of a command's way. */
export type Stage = 'request' | 'reply'

/** A command as it is sent. */
export interface Dispatch<Result> {
  readonly command: FaultyCommand | 'close' | 'onChange'
  /** Has it carried out. */
  readonly work: () => Promise<Result>
  /** Called when the answer arrives, before anybody else learns of it. */
  readonly onArrival?: () => void
}

interface Message {
  readonly command: string
  readonly reject: (cause: unknown) => void
  /** What happens once it gets through. */
  proceed: () => void
  /** Where it is held up, if it is. */
  heldAt: Stage | undefined
  timer: NodeJS.Timeout | undefined
}

/**
 * What lies between a cache and its store, and may be at fault. Commands keep their order on it, as on one
 * connection.
 */
export class Wire {
  readonly #underWay = new Set<Message>()
  #fault: Fault | undefined

  /** Has this fault from now on, or none. What the one before has held up goes on as this one lets it. */
  suffer(fault: Fault | undefined): void {
    this.#fault = fault
    for (const message of [...this.#underWay]) {
      if (message.heldAt !== undefined) this.#pass(message, message.heldAt)
    }
  }

  /** Sends a command. Settles as it does, or rejects when the wire is cut before the answer is there. */
  send<Result>({ command, work, onArrival }: Dispatch<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      const settled = (settle: () => void): void => {
        if (this.#underWay.delete(message)) settle()
      }
      const arrive = (result: Result): void => {
        settled(() => {
          onArrival?.()
          resolve(result)
        })
      }
      const fail = (cause: unknown): void => {
        settled(() => {
          // The store's own reason is passed on as it came.
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
          reject(cause)
        })
      }
      const message: Message = {
        command,
        reject: fail,
        proceed: () => {
          work().then((result) => {
            message.proceed = () => {
              arrive(result)
            }
            this.#pass(message, 'reply')
          }, fail)
        },
        heldAt: undefined,
        timer: undefined,
      }
      this.#underWay.add(message)
      this.#pass(message, 'request')
    })
  }

  /** A way to subscribe by which news go over the wire too: what is lost on the way is told to nobody. */
  carrying<News>(subscribe: (listener: (news: News) => void) => void): typeof subscribe {
    return (listener) => {
      subscribe((news) => {
        this.send({ command: 'onChange', work: () => Promise.resolve(news) }).then(listener, () => undefined)
      })
    }
  }

  /** Loses all that is on the way. */
  cut(cause: Error): void {
    for (const message of [...this.#underWay]) {
      clearTimeout(message.timer)
      message.reject(cause)
    }
  }

  #pass(message: Message, stage: Stage): void {
    clearTimeout(message.timer)
    const fault = this.#faultOf(message, stage)
    message.heldAt = fault === undefined ? undefined : stage
    if (fault === undefined) message.proceed()
    else if (fault.kind === 'fail') message.reject(fault.cause)
    else if (fault.kind === 'delay') {
      const release = (): void => {
        message.heldAt = undefined
        message.proceed()
      }
      message.timer = setTimeout(release, fault.delayMs).unref()
    }
  }

  #faultOf({ command }: Message, stage: Stage): Fault | undefined {
    const fault = this.#fault
    if (fault === undefined || fault.commands?.has(command) === false) return undefined
    const at = fault.kind === 'hang' ? fault.withhold : 'request'
    return at === stage ? fault : undefined
  }
}
