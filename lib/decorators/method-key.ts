import { digestArguments } from '../cache/argument-digest'
import type { CompiledKey } from '../cache/cache-key'
import { RecentKeys } from '../cache/recent-keys'
import { InvalidOptionError } from '../errors'
import type { Class, DeclaredMethod } from './declared-method'
import { classesOf, nameOf } from './declared-method'

/** Is told of what the keys of a method begin with, for each class that has it, and of whom. */
type Claim = (prefix: string, claimant: { code: Class; lost: () => void }, self: unknown) => void

/**
 * The key of a method that is given none: its class, its name and a digest of all arguments. A method that is
 * inherited has keys of its own in each subclass, since what it does there may depend on it.
 *
 * @throws {InvalidOptionError} for a class without a name: at once where the class is known.
 */
export function methodKey(declared: DeclaredMethod, claim: Claim): CompiledKey {
  if (declared.declaredIn !== undefined) prefixOf(declared, declared.declaredIn)
  const keys = new WeakMap<Class, KeysOfClass>()
  // Most calls are of instances of the same class as the last one was.
  let lastKind: unknown
  let last: KeysOfClass | undefined
  const keysOf = (self: unknown): KeysOfClass => {
    declared.meet(self)
    const owner = classOf(declared, self)
    const known = keys.get(owner)
    if (known !== undefined) return known
    const own = new KeysOfClass(prefixOf(declared, owner))
    keys.set(owner, own)
    const lost = (): void => {
      keys.delete(owner)
      last = undefined
    }
    claim(own.prefix, { code: owner, lost }, self)
    return own
  }
  return (self, args) => {
    const kind = kindOf(declared, self)
    if (last === undefined || kind !== lastKind || kind === undefined) last = keysOf(self)
    lastKind = kind
    return last.find(args) ?? last.make(declared, args)
  }
}

/** One object for all of the same class; `undefined` where there is none. */
function kindOf({ place }: DeclaredMethod, self: unknown): unknown {
  if (place.isStatic) return self
  if (typeof self !== 'object' || self === null || Object.hasOwn(self, 'constructor')) return undefined
  return Object.getPrototypeOf(self)
}

/** The keys of one method of one class. */
class KeysOfClass {
  readonly prefix: string
  readonly #recent = new RecentKeys()

  constructor(prefix: string) {
    this.prefix = prefix
  }

  /** The key of these arguments, if they are plain and were seen lately. */
  find(args: readonly unknown[]): string | undefined {
    return this.#recent.find(args)
  }

  make(declared: DeclaredMethod, args: readonly unknown[]): string {
    const key = this.prefix + digestArguments(declared, args)
    this.#recent.keep(args, key)
    return key
  }
}

/** The class that has the method, or inherits it. */
function classOf(declared: DeclaredMethod, self: unknown): Class {
  const own = declared.place.isStatic ? self : classesOf(self)[0]
  const found = typeof own === 'function' ? own : declared.declaredIn
  if (found !== undefined) return found
  throw noClass(declared, 'it was called without its instance')
}

function prefixOf(declared: DeclaredMethod, owner: Class): string {
  const { place, declaredIn = owner, path } = declared
  if (nameOf(declaredIn) === '' || nameOf(owner) === '') throw noClass(declared, 'the class has no name')
  const method = place.isStatic ? `static ${path}` : path
  return owner === declaredIn ? `${method}:` : `${method} of ${nameOf(owner)}:`
}

function noClass(declared: DeclaredMethod, why: string): InvalidOptionError {
  return new InvalidOptionError(
    `${declared.label}: key`,
    `expected one, for the default key begins with the name of the class, and ${why}`,
  )
}
