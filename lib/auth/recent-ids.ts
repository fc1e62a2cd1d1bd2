const MOST = 1000

interface NamedToken {
  readonly iss: string | undefined
  readonly id: string
}

/**
 * The ids of tokens that were seen lately: who makes one request makes another, and most of what a check costs is to
 * hash. Those that came last, and those that came before them; then they are hashed anew.
 */
export class RecentIds {
  #last = new Map<string, NamedToken>()
  #before = new Map<string, NamedToken>()

  /** The id of a token with this `jti` and `iss`, made where it isn't known. */
  idOf(jti: string, iss: string | undefined, make: (jti: string, iss: string | undefined) => string): string {
    const known = this.#last.get(jti) ?? this.#before.get(jti)
    if (known !== undefined && known.iss === iss) return known.id
    const id = make(jti, iss)
    if (this.#last.size >= MOST) {
      this.#before = this.#last
      this.#last = new Map()
    }
    this.#last.set(jti, { iss, id })
    return id
  }
}
