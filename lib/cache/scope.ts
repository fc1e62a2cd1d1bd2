import { hash } from 'node:crypto'

/** How many characters a name has at most before it is shortened. */
export const LONGEST_NAME = 512

/**
 * A name that takes no more room than is good for it: what it begins with, and the SHA-256 of all of it. It is longer
 * than any name that is not shortened, so that no two keys ever meet.
 */
function shortened(name: string): string {
  if (name.length <= LONGEST_NAME) return name
  // The cut may go through a character.
  const beginning = name.slice(0, LONGEST_NAME).toWellFormed()
  return `${beginning}:${hash('sha256', name, 'base64url')}`
}

/**
 * A part of a cache with keys and tags of its own: `cache.namespace('school')`, and parts of that. All that is stored
 * in it has the part's own tag, its prefix, and that of each part it lies in: to clear one is to invalidate its tag.
 */
export class Scope {
  /** What its keys and tags begin with. */
  readonly prefix: string
  /** The tags that all in it have. */
  readonly tags: readonly string[]

  private constructor(prefix: string, tags: readonly string[]) {
    this.prefix = prefix
    this.tags = tags
  }

  /** All of a cache. */
  static readonly whole = new Scope('', [])

  /** A part of this one. */
  within(name: string): Scope {
    const prefix = `${this.prefix}${name}:`
    return new Scope(prefix, [...this.tags, prefix])
  }

  /** The cache's name for a key. */
  key(key: string): string {
    return shortened(this.prefix + key)
  }

  /** The cache's names for these tags, and the tags of the parts. */
  tagsOf(tags: readonly string[]): readonly string[] {
    if (this.prefix === '') return tags
    return [...this.tags, ...this.named(tags)]
  }

  /** The cache's names for these tags alone. */
  named(tags: readonly string[]): readonly string[] {
    return this.prefix === '' ? tags : tags.map((tag) => this.prefix + tag)
  }
}
