const SLOTS = 4096
/** Of a `jti`: longer ones, of which no more than a few would fit, are left alone. */
const LONGEST = 256
/** How many of its characters, from its end, say where it is kept. */
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
    const slot = slotOf(jti)
    const known = this.#slots[slot]
    if (known?.jti === jti && known.iss === iss) return known.id
    const id = make(jti, iss)
    this.#slots[slot] = { jti, iss, id }
    return id
  }
}

/** FNV-1a, 32 bits, of the last characters: where one is kept hangs on it, and no id. */
function slotOf(jti: string): number {
  let hash = 0x811c9dc5
  for (let at = Math.max(0, jti.length - TELLING); at < jti.length; at += 1)
    hash = Math.imul(hash ^ jti.charCodeAt(at), 0x01000193)
  return (hash >>> 0) % SLOTS
}
