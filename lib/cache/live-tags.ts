/** A tag from the time that something first depends on it until it changes. */
export interface LiveTag {
  readonly name: string
  /** Whether what depends on it is right as far as this tag goes. Once false it stays so. */
  isLive: boolean
  /** To be set whenever something that depends on it is used. */
  isUsed: boolean
  /** Its place in the ring. */
  seat: number
}

/**
 * The tags that something depends on, so that one change of a tag is seen by all that share it. Nobody says when
 * a tag is no longer depended on. So there is a bound, past which the tag goes that was not used since the hand
 * came by last (CLOCK), and all that may still depend on it counts as changed.
 */
export class LiveTags {
  /** How many it knows at most, 1 or more. */
  readonly #maxTags: number
  readonly #tags = new Map<string, LiveTag>()
  readonly #ring: LiveTag[] = []
  #hand = 0

  constructor(maxTags: number) {
    this.#maxTags = maxTags
  }

  /** How many tags it knows, those that nothing depends on any more too. */
  get size(): number {
    return this.#ring.length
  }

  /** The tag of this name, for something new to depend on. */
  of(name: string): LiveTag {
    const known = this.#tags.get(name)
    if (known !== undefined) {
      known.isUsed = true
      return known
    }
    const seat = this.size < this.#maxTags ? this.size : this.#vacate()
    const tag = { name, isLive: true, isUsed: false, seat }
    this.#tags.set(name, tag)
    this.#ring[seat] = tag
    return tag
  }

  /** Says that what depends on this tag is no longer right. */
  drop(name: string): void {
    const tag = this.#tags.get(name)
    if (tag === undefined) return
    tag.isLive = false
    this.#tags.delete(name)
    const last = this.#ring.pop()
    if (last === undefined || last === tag) return
    this.#ring[tag.seat] = last
    last.seat = tag.seat
  }

  /** Frees a seat right behind the hand, so that who gets it has a whole round to be used. */
  #vacate(): number {
    for (;;) {
      this.#hand = (this.#hand + 1) % this.size
      const tag = this.#ring[this.#hand] as LiveTag
      if (!tag.isUsed) {
        tag.isLive = false
        this.#tags.delete(tag.name)
        return this.#hand
      }
      tag.isUsed = false
    }
  }
}
