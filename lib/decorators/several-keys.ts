import type { KeyPart, Owner } from '../cache/cache-key'
import { compileKey, keyReader } from '../cache/cache-key'
import { compileFunction, compileScope } from '../cache/call-plan'

/** One key, as parts or as it is, or several, each as its parts; none is well, where there is nothing to name. */
export type KeyOrKeys = string | readonly KeyPart[] | readonly (readonly KeyPart[])[]

/** Makes the keys of a call. */
export type CompiledKeys = (self: unknown, args: readonly unknown[]) => readonly string[]

/**
 * Reads how keys are made: like that of `@Cached`, but that a function may give several.
 *
 * @throws {InvalidOptionError} for what is no key.
 */
export function compileKeys(owner: Owner, key: unknown, scope: unknown): CompiledKeys {
  if (typeof key === 'function')
    return keysBy(owner, 'the key', { make: compileFunction(owner, 'key', key), scope })
  const one = compileKey(owner, key)
  const prefix = compileScope(owner, scope)
  return (self, args) => [(prefix?.(self) ?? '') + one(self, args)]
}

/** The same for keys that are made when there is a result. */
export function compileResultKeys(
  owner: Owner,
  resultKey: unknown,
  scope: unknown,
): CompiledKeys | undefined {
  const make = compileFunction(owner, 'resultKey', resultKey)
  return make && keysBy(owner, 'the result key', { make, scope })
}

function keysBy(
  owner: Owner,
  what: string,
  { make, scope }: { make: ReturnType<typeof compileFunction>; scope: unknown },
): CompiledKeys {
  const prefix = compileScope(owner, scope)
  const read = keyReader(owner, what)
  return (self, args) => {
    const made = make?.(self, args)
    const isSeveral = Array.isArray(made) && made.every((each) => Array.isArray(each))
    const each = isSeveral ? (made as unknown[]) : [made]
    const before = each.length > 0 ? (prefix?.(self) ?? '') : ''
    return each.map((one) => before + read(one))
  }
}
