import { Note } from './note'

/** What a property is called, as a token that may stand in a field. */
export function nameOf(key: PropertyKey): string {
  const name = typeof key === 'symbol' ? (key.description ?? '') : String(key)
  return name.replace(/[^\w.-]+/g, '-') || 'symbol'
}

/** A getter that was put in the place of a property. */
interface Watching {
  /** The property as it would be without. */
  readonly held: object
  isOver: boolean
}

/** On each of those getters. */
const watchings = new Note<Watching>()
/** The setters that were put there to watch: who is called by them is the one who holds the value. */
export const isWatching = new Note<true>()

/**
 * Puts a getter in the place of a property, of which nobody else notices. Returns what takes it away again. One that
 * lets nothing be put in its place counts as read.
 */
export function watchProperty(target: object, name: string | symbol, onRead: () => void): () => void {
  const own = Object.getOwnPropertyDescriptor(target, name)
  if (own?.configurable === false || !Object.isExtensible(target)) {
    onRead()
    return () => undefined
  }
  const held = unwatched(target, name)
  const watching = { held, isOver: false }
  // An application further in gives a request another prototype.
  const current = (): object => {
    const prototype = Object.getPrototypeOf(target) as object | null
    return Object.getPrototypeOf(held) === prototype
      ? held
      : (Object.setPrototypeOf(held, prototype) as object)
  }
  const get = (): unknown => {
    onRead()
    return Reflect.get(current(), name, target) as unknown
  }
  const set = (value: unknown): void => {
    const setter = setterOf(current(), name)
    // One of somebody's own keeps it on the request.
    if (setter === undefined || isWatching.on(setter) === true) Reflect.set(held, name, value)
    else Reflect.apply(setter, target, [value])
  }
  isWatching.put(set, true)
  Reflect.defineProperty(target, name, { configurable: true, enumerable: own?.enumerable ?? false, get, set })
  watchings.put(get, watching)
  return () => {
    watching.isOver = true
    // Somebody further in may have put a property of their own in its place: a getter like this one, which is over later.
    if (Object.getOwnPropertyDescriptor(target, name)?.get !== get) return
    const now = afterAll(held, name)
    // It may have been sealed meanwhile: then it goes on answering as it would be without.
    if (now === undefined) Reflect.deleteProperty(target, name)
    else Reflect.defineProperty(target, name, now)
  }
}

/** The setter by which a property is set, if there is one. */
function setterOf(object: object, name: string | symbol): PropertyDescriptor['set'] {
  for (let at: object | null = object; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const own = Object.getOwnPropertyDescriptor(at, name)
    if (own !== undefined) return Reflect.get(own, 'set')
  }
  return undefined
}

/** A property as it is below the getters that are over. */
function afterAll(held: object, name: string | symbol): PropertyDescriptor | undefined {
  const own = Object.getOwnPropertyDescriptor(held, name)
  const getter = own && (Reflect.get(own, 'get') as object | undefined)
  const below = getter && watchings.on(getter)
  return below?.isOver === true ? afterAll(below.held, name) : own
}

/** The property as it would be if it weren't watched. */
export function unwatched(target: object, name: string | symbol): object {
  const held = Object.create(Object.getPrototypeOf(target) as object | null) as object
  const own = Object.getOwnPropertyDescriptor(target, name)
  if (own !== undefined) Object.defineProperty(held, name, own)
  return held
}
