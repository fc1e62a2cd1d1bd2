/** Longer arrays are not searched for named properties: it would cost as much as writing them. */
const MAX_SEARCHED_LENGTH = 100

/**
 * Whether JSON gives this value back as it was: `null`, booleans, strings, finite numbers other than -0, dense
 * arrays and plain objects of these, each standing in one place only. `false` for whatever else there is
 * (`undefined`, a `Date`, a class, a shared reference, a cycle), and for what is nested too deep for the stack.
 *
 * Symbol keys and properties that are not enumerable, which no way of writing keeps, are not looked at; a getter
 * counts as the value it gives.
 */
export function isPlainJson(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return isPlainPrimitive(value)
  try {
    return isPlainTree(value, new Set())
  } catch {
    // Too deep, or a getter that throws: what it says may show the value.
    return false
  }
}

/** Whether objects of this prototype are plain: `Object.prototype`, that of another realm (`node:vm`), or none. */
export function isPlainPrototype(prototype: object | null): boolean {
  if (prototype === Object.prototype || prototype === null) return true
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf')
}

/**
 * Whether a dense array has properties besides its elements, as what `String.prototype.match` gives has. Arrays
 * of more than 100 elements are taken to have none.
 */
export function hasNamedProperties(array: readonly unknown[]): boolean {
  return array.length <= MAX_SEARCHED_LENGTH && Object.keys(array).length > array.length
}

// The two loops are written out and know the commonest cases first: this runs on each write.
function isPlainTree(value: object, seen: Set<object>): boolean {
  const known = seen.size
  seen.add(value)
  if (seen.size === known) return false
  if ('toJSON' in value && typeof value.toJSON === 'function') return false
  if (Array.isArray(value)) return isPlainArray(value, seen)
  if (!isPlainPrototype(Object.getPrototypeOf(value) as object | null)) return false
  const record = value as Readonly<Record<string, unknown>>
  for (const key in record) {
    const member = record[key]
    if (typeof member === 'object' && member !== null) {
      if (!isPlainTree(member, seen)) return false
    } else if (!isPlainPrimitive(member)) return false
  }
  return true
}

function isPlainArray(array: readonly unknown[], seen: Set<object>): boolean {
  // A hole reads as `undefined`, which is not plain.
  for (const member of array) {
    if (typeof member === 'object' && member !== null) {
      if (!isPlainTree(member, seen)) return false
    } else if (!isPlainPrimitive(member)) return false
  }
  return !hasNamedProperties(array)
}

function isPlainPrimitive(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0)
  return typeof value === 'string' || typeof value === 'boolean' || value === null
}
