import type { DeclaredMethod } from './declared-method'

interface Claim {
  readonly method: DeclaredMethod
  /** The text of what claims it: the same once more is the same code, run again by a reload or a class factory. */
  readonly source: string
}

/** What stands for the default cache, whichever that is. */
const DEFAULT_SPACE = {}

const claims = new WeakMap<object, Map<string, Claim>>()

/** Whose keys a method's are, by its `cache` option; nobody's yet where the instance has to be asked. */
export function spaceOf(cache: unknown): object | undefined {
  if (cache === undefined) return DEFAULT_SPACE
  return typeof cache === 'object' && cache !== null ? cache : undefined
}

/**
 * Notes that a method is cached under a key, and warns where another one is already: each would answer with what the
 * other has stored. No warning for a method and the one that it overrides.
 *
 * @param space - whose key it is: a cache, or what {@link spaceOf} gives.
 * @param claimant - the function whose text tells one claim from another.
 */
export function claimKey(space: object, key: string, method: DeclaredMethod, claimant: object): void {
  const claimed = claims.get(space) ?? new Map<string, Claim>()
  claims.set(space, claimed)
  const source = Function.prototype.toString.call(claimant)
  const before = claimed.get(key)
  if (before === undefined) {
    claimed.set(key, { method, source })
    return
  }
  if (before.source === source) return
  const other = before.method
  // Of methods of the same name one may override the other: with standard decorators that shows a little later.
  if (method.isNamesakeOf(other))
    method.onceClassIsKnown(() => {
      if (!method.overrides(other) && !other.overrides(method)) report(key, method, other)
    })
  else report(key, method, other)
}

function report(key: string, method: DeclaredMethod, other: DeclaredMethod): void {
  process.emitWarning(
    `${method.label}: its key '${key}' is that of ${other.label} too, and each answers with what the other ` +
      'has stored. Give one another key; or, where it is meant so, the same by a function',
    { type: 'HoldfastWarning', code: 'HOLDFAST_SHARED_KEY' },
  )
}
