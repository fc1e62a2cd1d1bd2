const NAME = 'holdfast'

/**
 * Something that is noted on a request, or on what is made for one, of which nobody else notices. On it, and not in a
 * WeakMap: what such a map leads to, V8 takes to be in use until it next looks through all of its memory, and with it
 * the request, its response and whatever hangs on them. To move all that to the old, and to collect it there, costs more
 * than any step of a miss. What inherits from a request has its notes.
 */
export class Note<Value> {
  readonly #name = Symbol(NAME)

  /** Whether a property is the place of a note. */
  static isPlace(key: PropertyKey): boolean {
    return typeof key === 'symbol' && key.description === NAME
  }

  /** What is noted, if something is. */
  on(target: object): Value | undefined {
    return (target as Record<symbol, Value | undefined>)[this.#name]
  }

  /** Notes something, in place of what was noted before; nothing on what lets nothing be added. */
  put(target: object, value: Value | undefined): void {
    const name = this.#name
    if (Object.hasOwn(target, name)) (target as Record<symbol, Value | undefined>)[name] = value
    else Reflect.defineProperty(target, name, { value, writable: true, configurable: true })
  }
}
