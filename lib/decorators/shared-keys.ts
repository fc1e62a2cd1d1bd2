import type { DeclaredMethod } from './declared-method'
import { lineage, nameOf } from './declared-method'

/** Who claims a key. */
export interface Claimant {
  /** The class or the method: its text tells one claim from another. */
  readonly code: object
  /** Is called when the same code has claimed the key once more: where it is still in use it is to claim it again. */
  readonly lost?: () => void
}

interface Claim {
  readonly method: DeclaredMethod
  readonly claimant: Claimant
  readonly text: string
  /** Whose key it was before, by the same code. */
  readonly earlier: WeakSet<object>
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
 * other has stored. No warning for a method and the one that it overrides, nor for the same code once more, as a reload
 * gives it; but for that of a class factory, if its classes are seen to be in use together.
 *
 * @param space - whose key it is: a cache, or what {@link spaceOf} gives.
 */
export function claimKey(space: object, key: string, method: DeclaredMethod, claimant: Claimant): void {
  const claimed = claims.get(space) ?? new Map<string, Claim>()
  claims.set(space, claimed)
  const text = textOf(claimant.code)
  const before = claimed.get(key)
  const claim = { method, claimant, text, earlier: before?.earlier ?? new WeakSet() }
  if (before === undefined) claimed.set(key, claim)
  else if (before.method === method && before.claimant.code === claimant.code) return
  else if (isLikely(method, before.method)) compareLater(claimed, key, [before, claim])
  else report(key, method, before.method)
}

/** Whether one may override the other or be its code once more: with standard decorators that shows a little later. */
function isLikely({ place }: DeclaredMethod, { place: other }: DeclaredMethod): boolean {
  if (place.isStatic !== other.isStatic) return false
  // Two symbols in one class may read the same.
  return place.home === other.home ? place.name === other.name : String(place.name) === String(other.name)
}

function compareLater(claimed: Map<string, Claim>, key: string, [before, claim]: [Claim, Claim]): void {
  const { method } = claim
  const { method: other } = before
  const compare = (): void => {
    if (method.overrides(other) || other.overrides(method)) return
    if (before.text !== claim.text || nameOfClass(method) !== nameOfClass(other)) report(key, method, other)
    else if (claim.earlier.has(claim.claimant.code))
      report(key, method, other, ' of another class of that name')
    else {
      claim.earlier.add(before.claimant.code)
      claimed.set(key, claim)
      before.claimant.lost?.()
    }
  }
  method.onceClassIsKnown(() => {
    if (before.text === claim.text) other.onceClassIsKnown(compare)
    else compare()
  })
}

function nameOfClass({ declaredIn }: DeclaredMethod): string | undefined {
  return declaredIn && nameOf(declaredIn)
}

/** What a method or a class does; a class does what it inherits too. */
function textOf(code: object): string {
  const codes = lineage(code).filter((one) => typeof one === 'function')
  return codes.map((one) => Function.prototype.toString.call(one)).join()
}

function report(key: string, method: DeclaredMethod, other: DeclaredMethod, which = ' too'): void {
  process.emitWarning(
    `${method.label}: its key '${key}' is that of ${other.label}${which}, and each answers with what the other ` +
      'has stored. Give one another key; or, where it is meant so, the same by a function',
    { type: 'HoldfastWarning', code: 'HOLDFAST_SHARED_KEY' },
  )
}
