import { describeValue } from '../check-options'
import { InvalidKeyError, InvalidOptionError } from '../errors'

/** What a key may be made of. Whatever else names nothing, or not always the same thing. */
export type KeyPart = string | number | bigint | boolean

/** Makes the key of a call from its arguments: parts, which are encoded, or a whole key, which is not. */
export type KeyFunction<Args extends readonly unknown[], Self = unknown> = (
  this: Self,
  ...args: Args
) => string | readonly KeyPart[]

type CompiledKey = (self: unknown, args: readonly unknown[]) => string
type Segment = string | Place

interface Place {
  readonly position: number
  readonly path: readonly string[]
}

/**
 * Reads how a key is made, once: a function of the arguments, or a template by position (`'role:{0}'`,
 * `'report:{0.school.id}:{1}'`, a literal brace doubled).
 *
 * @throws {InvalidOptionError} for a template that cannot be read, and for anything else.
 */
export function compileKey(owner: string, key: unknown): CompiledKey {
  if (typeof key === 'function') {
    return (self, args) => {
      const made: unknown = Reflect.apply(key, self, args)
      if (Array.isArray(made))
        return joinParts(made, (index) => `${owner}: part ${String(index + 1)} of the key`)
      return checkKey(made, `${owner}: the key function's result`)
    }
  }
  if (typeof key !== 'string' || key.trim() === '') {
    throw new InvalidOptionError(
      `${owner}: key`,
      `expected a template like 'role:{0}' or a function of the arguments, got ${describeValue(key)}`,
    )
  }
  const segments = parseTemplate(owner, key)
  const separators = separatorsOf(owner, segments)
  return (_self, args) =>
    segments
      .map((segment) => (typeof segment === 'string' ? segment : fill(owner, segment, args, separators)))
      .join('')
}

/**
 * A key as it may be used: a string, not empty, that UTF-8 can write.
 *
 * @throws {InvalidKeyError} for anything else.
 */
export function checkKey(key: unknown, what = 'key'): string {
  if (typeof key === 'string' && key !== '' && key.isWellFormed()) return key
  const got = typeof key === 'string' && key !== '' ? 'one with half a surrogate pair' : describeValue(key)
  throw new InvalidKeyError(`${what}: expected a string that is not empty, got ${got}`)
}

/**
 * The same for many keys, each of them once.
 *
 * @throws {InvalidKeyError} naming the place of the first that is none; {@link InvalidOptionError} where they are no array.
 */
export function checkKeys(keys: readonly string[]): string[] {
  if (!Array.isArray(keys))
    throw new InvalidOptionError('keys', `expected an array, got ${describeValue(keys)}`)
  return [...new Set((keys as unknown[]).map((key, index) => checkKey(key, `key ${String(index + 1)}`)))]
}

/**
 * Writes one part so that different parts never read the same: `%`, `:` and whatever else stands between
 * parts are escaped, and a string that reads like a number, a boolean or a bigint stands in quotes (`42` is
 * the number, `'42'` the string).
 */
export function encodePart(part: unknown, what: string, separators = ':'): string {
  const escaped = (text: string): string =>
    text.replace(/[^a-z\d]/gi, (letter) =>
      letter === '%' || separators.includes(letter) ? percentEncode(letter) : letter,
    )
  if (typeof part === 'string') {
    // A quote at the beginning is ours.
    return READS_LIKE_ANOTHER_TYPE.test(part) ? escaped(`'${part}'`) : escaped(part).replace(/^'/, '%27')
  }
  if (Object.is(part, -0)) return escaped('-0')
  if (typeof part === 'bigint') return escaped(`${String(part)}n`)
  if (typeof part === 'boolean' || (typeof part === 'number' && !Number.isNaN(part)))
    return escaped(String(part))
  throw new InvalidKeyError(
    `${what}: expected a string, number, bigint or boolean, got ${describeValue(part)}`,
  )
}

function percentEncode(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

/** A mark of ASCII, but the one that escapes. */
const SEPARATOR = /^[ -$&-/:-@[-`{-~]/
const READS_LIKE_ANOTHER_TYPE = /^(-?\d[\d.]*(e[+-]?\d+)?n?|-?Infinity|true|false|)$/

function joinParts(parts: readonly unknown[], what: (index: number) => string): string {
  if (parts.length === 0) throw new InvalidKeyError(`${what(0)}: expected at least one part, got none`)
  return parts.map((part, index) => encodePart(part, what(index))).join(':')
}

function parseTemplate(owner: string, template: string): Segment[] {
  const segments: Segment[] = []
  const pattern = /\{\{|\}\}|\{(\d+)((?:\.[\w$]+)*)\}|[{}]|[^{}]+/g
  for (const [text, position, path = ''] of template.matchAll(pattern)) {
    if (position !== undefined) segments.push({ position: Number(position), path: path.split('.').slice(1) })
    else if (text === '{{' || text === '}}') segments.push(text.slice(1))
    else if (text === '{' || text === '}') throw unreadable(owner, template)
    else segments.push(text)
  }
  return segments
}

function unreadable(owner: string, template: string): InvalidOptionError {
  return new InvalidOptionError(
    `${owner}: key`,
    `expected places like {0} or {1.id}, and {{ or }} for a literal brace, in the template '${template}'`,
  )
}

/** What ends a place: the first letter of the text behind it. In the places themselves it is escaped. */
function separatorsOf(owner: string, segments: readonly Segment[]): string {
  const texts = segments.map((segment) => (typeof segment === 'string' ? segment : undefined))
  const behind = texts.flatMap((text, index) =>
    text === undefined && texts.slice(index + 1).some((other) => other === undefined)
      ? [texts[index + 1] ?? '']
      : [],
  )
  if (behind.every((text) => SEPARATOR.test(text))) return `:${behind.map((text) => text.charAt(0)).join('')}`
  throw new InvalidOptionError(
    `${owner}: key`,
    "expected a mark such as ':' behind each place that another one follows, so that they can be told apart",
  )
}

function fill(
  owner: string,
  { position, path }: Place,
  args: readonly unknown[],
  separators: string,
): string {
  const value = path.reduce<unknown>(
    (found, name) =>
      found === undefined || found === null ? undefined : (found as Record<string, unknown>)[name],
    args[position],
  )
  return encodePart(value, `${owner}: {${[position, ...path].join('.')}} of the key`, separators)
}
