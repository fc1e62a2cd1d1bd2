/** As many changes as are known by name, at least, where names are not long. */
const MOST_CHANGES = 5000
/** Two megabytes at most: names may be of any length. */
const MOST_LETTERS = 1_000_000

/**
 * Which names changed lately, and when. It knows the last 5,000 changes or more, never 10,000, so that nobody has
 * to say when a name is no longer of interest; of what was before that it assumes the worst. Of names that are longer
 * than 200 letters it knows fewer.
 */
export class ChangeLog {
  #recent = new Map<string, number>()
  #older = new Map<string, number>()
  /** The last moment before `#recent` and `#older` begin. */
  #recentSince = 0
  #olderSince = 0
  /** Of all names that were noted since `#recentSince`. */
  #letters = 0

  /** Notes that a name has changed. Moments are whole numbers, each greater than the one before. */
  note(name: string, moment: number): void {
    const known = this.#recent.size
    this.#recent.set(name, moment)
    if (this.#recent.size > known) this.#letters += name.length
    if (this.#recent.size < MOST_CHANGES && this.#letters < MOST_LETTERS) return
    this.#letters = 0
    this.#older = this.#recent
    this.#olderSince = this.#recentSince
    this.#recent = new Map()
    this.#recentSince = moment
  }

  /** Whether the name may have changed after that moment. */
  mayHaveChanged(name: string, since: number): boolean {
    if (since < this.#olderSince) return true
    return (this.#recent.get(name) ?? this.#older.get(name) ?? 0) > since
  }
}
