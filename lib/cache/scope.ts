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
    return this.prefix + key
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
