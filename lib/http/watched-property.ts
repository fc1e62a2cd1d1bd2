/** What a property is called, as a token that may stand in a field. */
export function nameOf(key: PropertyKey): string {
  const name = typeof key === 'symbol' ? (key.description ?? '') : String(key)
  return name.replace(/[^\w.-]+/g, '-') || 'symbol'
}

/**
 * Puts a getter in the place of a property, of which nobody else notices. Returns what takes it away again. One that
 * lets nothing be put in its place counts as read.
 */
export function watchProperty(target: object, name: string | symbol, onRead: () => void): () => void {
  const own = Object.getOwnPropertyDescriptor(target, name)
  if (own?.configurable === false) {
    onRead()
    return () => undefined
  }
  const held = unwatched(target, name)
  const get = (): unknown => {
    onRead()
    return Reflect.get(held, name, target) as unknown
  }
  const set = (value: unknown): void => {
    Reflect.set(held, name, value)
  }
  Object.defineProperty(target, name, { configurable: true, enumerable: own?.enumerable ?? false, get, set })
  return () => {
    // Somebody further in may have put a property of their own in its place.
    if (Object.getOwnPropertyDescriptor(target, name)?.get !== get) return
    Reflect.deleteProperty(target, name)
    const now = Object.getOwnPropertyDescriptor(held, name)
    if (now !== undefined) Object.defineProperty(target, name, now)
  }
}

/** The property as it would be if it weren't watched. */
export function unwatched(target: object, name: string | symbol): object {
  const held = Object.create(Object.getPrototypeOf(target) as object | null) as object
  const own = Object.getOwnPropertyDescriptor(target, name)
  if (own !== undefined) Object.defineProperty(held, name, own)
  return held
}
