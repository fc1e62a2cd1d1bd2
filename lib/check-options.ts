import { InvalidOptionError } from './errors'

/**
 * Refuses an options object that is none, or that has a member nobody reads: a misspelt option must not be
 * ignored in silence.
 *
 * @throws {InvalidOptionError} naming the option and the nearest known one.
 */
export function checkOptions(owner: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) return
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    // The value is not shown: where options belong, people put URLs with passwords.
    const got = typeof options === 'string' ? 'a string' : describeValue(options)
    throw new InvalidOptionError(owner, `expected an options object, got ${got}`)
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    throw new InvalidOptionError(
      `${owner}: ${name}`,
      `unknown option; did you mean '${nearest(name, known)}'? Known are ${known.join(', ')}`,
    )
  }
}

/**
 * Reads a whole number within bounds, or takes the default where the option is absent.
 *
 * @throws {InvalidOptionError} for anything else.
 */
export function wholeNumber(
  option: string,
  value: unknown,
  { min, max = Number.MAX_SAFE_INTEGER, default: fallback }: { min: number; max?: number; default: number },
): number {
  if (value === undefined) return fallback
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  const upper = max === Number.MAX_SAFE_INTEGER ? 'up' : `to ${String(max)}`
  throw new InvalidOptionError(
    option,
    `expected a whole number from ${String(min)} ${upper}, got ${describeValue(value)}`,
  )
}

/**
 * Reads a number from 0 up to a bound, or takes the default where the option is absent.
 *
 * @throws {InvalidOptionError} for anything else.
 */
export function numberWithin(
  option: string,
  value: unknown,
  { max, default: fallback }: { max: number; default: number },
): number {
  if (value === undefined) return fallback
  if (typeof value === 'number' && value >= 0 && value <= max) return value
  throw new InvalidOptionError(
    option,
    `expected a number from 0 to ${String(max)}, got ${describeValue(value)}`,
  )
}

/**
 * Reads one of a few names, or takes the default where the option is absent.
 *
 * @throws {InvalidOptionError} for anything else.
 */
export function oneOf<Name extends string>(
  option: string,
  value: unknown,
  names: readonly Name[],
  fallback: Name,
): Name {
  if (value === undefined) return fallback
  const found = names.find((name) => name === value)
  if (found !== undefined) return found
  const expected = names.map((name) => `'${name}'`).join(' or ')
  throw new InvalidOptionError(option, `expected ${expected}, got ${describeValue(value)}`)
}

/** Lets what a promise comes to be nobody's: it was refused, and a rejection that nobody hears ends the process. */
export function disown(value: unknown): void {
  if (value instanceof Promise) value.catch(nothing)
}

function nothing(): void {
  // It is refused already.
}

/**
 * A value that is refused, as an error message shows it: short, and never the content of an object. Nobody waits for it
 * then, if it is a promise.
 */
export function describeValue(value: unknown): string {
  disown(value)
  if (typeof value === 'string') return describeText(value)
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return `an object (${className(value)})`
  return String(value)
}

function describeText(text: string): string {
  if (/:\/\/|@/.test(text)) return 'a string that is not shown: it may hold a password'
  return text.length > 60 ? `a string of ${String(text.length)} characters` : `'${text}'`
}

function className(value: object): string {
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null
  return prototype?.constructor?.name ?? 'no class'
}

function nearest(name: string, known: readonly string[]): string {
  const contained = known.find((candidate) => candidate.toLowerCase().includes(name.toLowerCase()))
  if (contained !== undefined) return contained
  const ranked = known.map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
  return ranked.sort((a, b) => a.distance - b.distance)[0]?.candidate ?? ''
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (const [i, letter] of Array.from(a.toLowerCase()).entries()) {
    const next = [i + 1]
    for (const [j, other] of Array.from(b.toLowerCase()).entries()) {
      const substituted = (row[j] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(substituted, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
