/** Names that are holdfast's own; a caller's key that begins like one is kept apart from them. */
const RESERVED = /^holdfast:|(^|:)blacklist:/
const ESCAPE = 'holdfast:key:'

/** Under which names a namespace's entries are stored. */
export class KeyNames {
  readonly #prefix: string

  constructor(namespace: string) {
    this.#prefix = namespace === '' ? '' : `${namespace}:`
  }

  /** The name under which a caller's key is stored. */
  of(key: string): string {
    return RESERVED.test(key) ? `${this.#prefix}${ESCAPE}${key}` : `${this.#prefix}${key}`
  }

  /** The caller's key of a stored name; `undefined` where it is none of this namespace's entries. */
  callersKey(stored: string): string | undefined {
    if (!stored.startsWith(this.#prefix)) return undefined
    const name = stored.slice(this.#prefix.length)
    if (name.startsWith(ESCAPE)) return name.slice(ESCAPE.length)
    return RESERVED.test(name) ? undefined : name
  }
}
