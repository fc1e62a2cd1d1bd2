import type { Application } from './application'
import type { CallLog } from './call-log'

/**
 * Changes keys of its own, again and again, which nobody else does: so it knows what it must not read any more,
 * at any time.
 */
export class Writer {
  readonly staleReads: string[] = []
  readonly #app: Application
  readonly #log: CallLog
  readonly #name: string
  #version = 0

  constructor(app: Application, log: CallLog, name: string) {
    this.#app = app
    this.#log = log
    this.#name = name
  }

  /** The latest version of each of its keys. */
  get truth(): Record<string, number> {
    return Object.fromEntries(this.#keys().map((key) => [key, this.#version]))
  }

  /** Changes everything, and reads what has become of it. */
  async goRound(): Promise<void> {
    const { cache } = this.#app
    const [loaded, tagged, written] = this.#keys()
    const version = ++this.#version
    const load = (): number => version
    await this.#log.change('delete', () => cache.delete(loaded))
    await this.#log.change('invalidateTags', () => cache.invalidateTags(this.#name))
    await this.#log.change('set', () => cache.set(written, version, '1m'))
    await this.#reads(loaded, () => cache.getOrSet(loaded, load, '1m'))
    await this.#reads(tagged, () => cache.getOrSet(tagged, load, '1m', { tags: [this.#name] }))
    await this.#reads(written, () => cache.get<number>(written))
    if (version % 4 === 0) await this.#logOut(`${this.#name}:${String(version)}`)
  }

  async #logOut(tokenId: string): Promise<void> {
    await this.#log.change('revoke', () => this.#app.revoke(tokenId))
    const answer = await this.#log.run('request', () => this.#app.get('/reports/1', tokenId))
    if (answer !== undefined && answer !== '401') this.staleReads.push(`token ${tokenId}: ${answer}`)
  }

  async #reads(key: string, read: () => Promise<number | undefined>): Promise<void> {
    const found = await this.#log.run('read', read)
    if (found === undefined || found === this.#version) return
    this.staleReads.push(`${key}: ${String(found)} instead of ${String(this.#version)}`)
  }

  #keys(): [loaded: string, tagged: string, written: string] {
    return [`${this.#name}:loaded`, `${this.#name}:tagged`, `${this.#name}:written`]
  }
}
