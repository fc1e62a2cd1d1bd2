import type { Owner } from '../cache/cache-key'

/** A class, of which nothing but the name is asked: see {@link nameOf}. */
export type Class = object

/** Where a decorator stands. */
export interface Place {
  /** The decorator, as errors name it: `@Cached`. */
  readonly decorator: string
  /** The name of the method. */
  readonly name: string | symbol
  /** Whether it is a method of the class itself. */
  readonly isStatic: boolean
  /**
   * One object for the methods of a class: with `experimentalDecorators` the prototype, or the class for static
   * methods; with standard decorators the class's metadata.
   */
  readonly home: object
}

/**
 * A method under a decorator. With standard decorators the class comes to be after they have run, so that it is
 * known a little later: at once where the method is static, with the first instance where it is not.
 */
export class DeclaredMethod implements Owner {
  /** Where it stands. */
  readonly place: Place
  #class: Class | undefined
  #waiting: (() => void)[] = []

  constructor(place: Place, declaredIn?: Class) {
    this.place = place
    this.#class = declaredIn
  }

  /** The class that declares it, if that is known yet. */
  get declaredIn(): Class | undefined {
    return this.#class
  }

  /** With the class, if that is known yet: `@Cached on Users.find`. */
  get label(): string {
    return `${this.place.decorator} on ${this.path}`
  }

  /** The method alone: `Users.find`. */
  get path(): string {
    const name = String(this.place.name)
    return this.#class === undefined ? name : `${nameOf(this.#class) || 'a class'}.${name}`
  }

  /** Learns the class from somebody who has the method: an instance, or a class with it as its own. */
  meet(self: unknown): void {
    if (this.#class !== undefined) return
    this.#class = this.#classAbove(self)
    for (const go of this.#waiting.splice(0)) go()
  }

  /** Does something as soon as the class is known. */
  onceClassIsKnown(go: () => void): void {
    if (this.#class === undefined) this.#waiting.push(go)
    else go()
  }

  /** Whether the other one is a method of the same name in another class. */
  isNamesakeOf({ place }: DeclaredMethod): boolean {
    return this.place.name === place.name && this.place.isStatic === place.isStatic
  }

  /** Whether it is a namesake's in a subclass of the other's class. To be asked when the class is known. */
  overrides(other: DeclaredMethod): boolean {
    const above = other.declaredIn
    const isSubclass = above !== undefined && Object.prototype.isPrototypeOf.call(above, this.#class ?? {})
    return isSubclass && this.isNamesakeOf(other)
  }

  #classAbove(self: unknown): Class | undefined {
    const { isStatic, home } = this.place
    const classes = isStatic ? lineage(self) : classesOf(self)
    const own = classes.find((one) => metadataOf(one) === home)
    // Some compilers give no metadata: then it is taken for a method of whoever is met first.
    return own ?? classes[0]
  }
}

/** The name of a class; `''` where it has none, or has put something else in its place. */
export function nameOf(one: Class): string {
  const name: unknown = Object.getOwnPropertyDescriptor(one, 'name')?.value
  return typeof name === 'string' ? name : ''
}

/** The class of an instance, and those that it inherits from. */
export function classesOf(instance: unknown): Class[] {
  return lineage(instance).flatMap((one) => {
    const constructor: unknown = Object.getOwnPropertyDescriptor(one, 'constructor')?.value
    return typeof constructor === 'function' ? [constructor] : []
  })
}

/** What standard decorators have been given for the methods of a class. */
export function metadataOf(one: object): unknown {
  return Object.getOwnPropertyDescriptor(one, Symbol.metadata)?.value
}

/** An object and what it inherits from, the nearest first. */
export function lineage(from: unknown): Class[] {
  const found: Class[] = []
  for (let next = from; isObject(next); next = Object.getPrototypeOf(next)) found.push(next)
  return found
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
