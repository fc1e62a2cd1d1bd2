import { digestArguments } from '../cache/argument-digest'
import type { CompiledKey } from '../cache/cache-key'
import { InvalidOptionError } from '../errors'
import type { Class, DeclaredMethod } from './declared-method'
import { classesOf, nameOf } from './declared-method'

/** Is told of what the keys of a method begin with, for each class that has it. */
type Claim = (prefix: string, owner: Class, self: unknown) => void

/**
 * The key of a method that is given none: its class, its name and a digest of all arguments. A method that is
 * inherited has keys of its own in each subclass, since what it does there may depend on it.
 *
 * @throws {InvalidOptionError} for a class without a name: at once where the class is known.
 */
export function methodKey(declared: DeclaredMethod, claim: Claim): CompiledKey {
  if (declared.declaredIn !== undefined) prefixOf(declared, declared.declaredIn)
  const prefixes = new WeakMap<Class, string>()
  return (self, args) => {
    declared.meet(self)
    const owner = classOf(declared, self)
    let prefix = prefixes.get(owner)
    if (prefix === undefined) {
      prefix = prefixOf(declared, owner)
      prefixes.set(owner, prefix)
      claim(prefix, owner, self)
    }
    return prefix + digestArguments(declared, args)
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
