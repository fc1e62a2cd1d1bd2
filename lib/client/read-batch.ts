import { mayBeOnes } from './turn-batch'

/** What a store has under keys, in their order: `null` where there is nothing. */
export type Values = readonly (Buffer | null)[]

type Send = (keys: readonly string[]) => Promise<Values>

interface Read {
  readonly keys: readonly string[]
  readonly resolve: (values: (Buffer | undefined)[]) => void
  readonly reject: (cause: unknown) => void
}

/** One command holds Redis up for no longer than this many keys take: more of them save nothing any more. */
const MOST_KEYS = 256
/** Long answers come one by one: who waits for the first need not wait for the last. */
const MOST_BYTES = 128 * 1024

/**
 * Joins the reads of one turn into one command, in which a key that many ask for stands once. A command costs far
 * more than a key, for Redis as for us.
 */
export class ReadBatch {
  readonly #send: Send
  #reads: Read[] = []
  /** What a read usually brings, in bytes. */
  #usualBytes = 0

  /** Takes what sends a command: it is asked for values in the order of its keys, `null` where there is none. */
  constructor(send: Send) {
    this.#send = send
  }

  /** The values under these keys, sent behind whatever has been sent so far, and with the reads of this turn. */
  read(keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    return new Promise((resolve, reject) => {
      // By then whoever was answered in this turn has asked for what comes next.
      if (this.#reads.length === 0) process.nextTick(this.flush)
      this.#reads.push({ keys: [...keys], resolve, reject })
    })
  }

  /** Sends what has been asked for. */
  readonly flush = (): void => {
    const reads = this.#reads
    this.#reads = []
    const most = Math.max(1, Math.floor(MOST_BYTES / this.#usualBytes))
    let joined: Read[] = []
    let keys = 0
    for (const read of reads) {
      if (joined.length === most || keys + read.keys.length > MOST_KEYS) {
        this.#begin(joined)
        joined = []
        keys = 0
      }
      joined.push(read)
      keys += read.keys.length
    }
    this.#begin(joined)
  }

  #begin(reads: readonly Read[]): void {
    const [first, second] = reads
    if (second !== undefined) void this.#ask(reads)
    else if (first !== undefined) void this.#askAlone(first)
  }

  async #ask(reads: readonly Read[]): Promise<void> {
    const places = new Map<string, number>()
    for (const { keys } of reads) for (const key of keys) if (!places.has(key)) places.set(key, places.size)
    try {
      const values = await this.#send([...places.keys()])
      this.#learn(values, reads.length)
      for (const { keys, resolve } of reads)
        resolve(keys.map((key) => values[places.get(key) ?? -1] ?? undefined))
    } catch (error) {
      // One of them has asked for what it may not have, and the others have not.
      if (mayBeOnes(error)) for (const read of reads) void this.#askAlone(read)
      else for (const { reject } of reads) reject(error)
    }
  }

  async #askAlone({ keys, resolve, reject }: Read): Promise<void> {
    try {
      const values = await this.#send(keys)
      this.#learn(values, 1)
      resolve(values.map((value) => value ?? undefined))
    } catch (error) {
      reject(error)
    }
  }

  #learn(values: Values, reads: number): void {
    const bytes = values.reduce((sum, value) => sum + (value?.length ?? 0), 0) / reads
    this.#usualBytes = 0.8 * this.#usualBytes + 0.2 * bytes
  }
}
