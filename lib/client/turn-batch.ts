import { CommandRefusedError } from '../errors'

interface Asked<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (cause: unknown) => void
}

interface Parts<Item, Result> {
  /** Asks for all of these in one command, and gives the results in their order. */
  readonly send: (items: readonly Item[]) => Promise<readonly Result[]>
  /** How much of a command's room one takes. */
  readonly weigh: (item: Item) => number
  /** How much room there is in a command. */
  readonly room: number
}

/** Joins what is asked for in one turn of the event loop into one command: that costs far more than what it says. */
export class TurnBatch<Item, Result> {
  readonly #parts: Parts<Item, Result>
  #asked: Asked<Item, Result>[] = []

  constructor(parts: Parts<Item, Result>) {
    this.#parts = parts
  }

  /** Asks for one, behind whatever has been sent so far, and with the others of this turn. */
  ask(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      // By then whoever was answered in this turn has asked for what comes next.
      if (this.#asked.length === 0) process.nextTick(this.flush)
      this.#asked.push({ item, resolve, reject })
    })
  }

  /** Sends what has been asked for. */
  readonly flush = (): void => {
    const all = this.#asked
    this.#asked = []
    const { weigh, room } = this.#parts
    let joined: Asked<Item, Result>[] = []
    let taken = 0
    for (const asked of all) {
      const weight = weigh(asked.item)
      if (joined.length > 0 && taken + weight > room) {
        void this.#send(joined)
        joined = []
        taken = 0
      }
      joined.push(asked)
      taken += weight
    }
    if (joined.length > 0) void this.#send(joined)
  }

  async #send(joined: readonly Asked<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#parts.send(joined.map(({ item }) => item))
      for (const [place, { resolve }] of joined.entries()) resolve(results[place] as Result)
    } catch (error) {
      // One of them has asked for what it may not have, and the others have not.
      if (joined.length > 1 && mayBeOnes(error)) for (const asked of joined) void this.#send([asked])
      else for (const { reject } of joined) reject(error)
    }
  }
}

/** Whether a failure may be due to one of several that were sent together, or to their being together. */
export function mayBeOnes(error: unknown): boolean {
  // A node of a cluster takes keys of one slot together, and no others.
  return error instanceof CommandRefusedError || String(error).includes('CROSSSLOT')
}
