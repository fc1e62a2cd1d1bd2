import { setTimeout as pause } from 'node:timers/promises'

const QUERY_MS = 5

/** What the loaders ask: slow, and it notices when it is asked the same twice at once. */
export class Database {
  readonly #rows = new Map<string, string>()
  readonly #changes = new Map<string, number>()
  readonly #underWay = new Map<string, number>()
  #queries = 0
  readonly #asked: string[] = []

  /** How often it was asked. */
  get queries(): number {
    return this.#queries
  }

  /** What was asked again while it was being answered, and had not changed meanwhile. */
  get askedTwiceAtOnce(): string[] {
    return this.#asked
  }

  /** Puts a row in. */
  put(key: string, value: string): void {
    this.#rows.set(key, value)
    this.touch(key)
  }

  /** From now on a second query of this is right: what is under way may be out of date. */
  touch(key: string): void {
    this.#changes.set(key, (this.#changes.get(key) ?? 0) + 1)
  }

  /** A row as it was when the query began. */
  async query(key: string): Promise<string> {
    this.#queries += 1
    const version = this.#changes.get(key) ?? 0
    if (this.#underWay.get(key) === version) this.#asked.push(key)
    this.#underWay.set(key, version)
    const row = this.#rows.get(key) ?? 'a row'
    await pause(QUERY_MS)
    if (this.#underWay.get(key) === version) this.#underWay.delete(key)
    return row
  }
}
