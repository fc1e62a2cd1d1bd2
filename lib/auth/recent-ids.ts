import { fnv1a } from '../fnv'

const SLOTS = 4096
/** A `jti` that is longer is not kept, for all of them to take a megabyte or two at most. */
const LONGEST = 256
/** How many characters of a `jti`, from its end, say where it is kept. */
const TELLING = 8

interface NamedToken {
  readonly jti: string
  readonly iss: string | undefined
  readonly id: string
}

/**
 * The ids of tokens that were seen lately: who makes one request makes another, and most of what a check costs is to
 * hash. Each has one place, where the next one with that place takes over.
 */
export class RecentIds {
  readonly #slots: (NamedToken | undefined)[] = Array.from({ length: SLOTS })

  /** The id of a token with this `jti` and `iss`, made where it isn't known. */
  idOf(jti: string, iss: string | undefined, make: (jti: string, iss: string | undefined) => string): string {
    if (jti.length > LONGEST) return make(jti, iss)
    const slot = fnv1a(jti, Math.max(0, jti.length - TELLING)) % SLOTS
    const known = this.#slots[slot]
    if (known?.jti === jti && known.iss === iss) return known.id
    const id = make(jti, iss)
    this.#slots[slot] = { jti, iss, id }
    return id
  }
}
