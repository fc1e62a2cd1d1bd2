import { describeValue } from '../check-options'
import { InvalidKeyError, InvalidOptionError } from '../errors'
import { RecentKeys } from './recent-keys'

/** What a key may be made of. Whatever else names nothing, or not always the same thing. */
export type KeyPart = string | number | bigint | boolean

/** Makes the key of a call from its arguments: parts, which are encoded, or a whole key, which is not. */
export type KeyFunction<Args extends readonly unknown[], Self = unknown> = (
  this: Self,
  ...args: Args
) => string | readonly KeyPart[]

/** Who has a key or an option, as errors name it: `@Cached on Users.find`. */
export interface Owner {
  /** Read when there is an error to tell of: of a method, the class may become known late. */
  readonly label: string
}

/** Makes the key of a call. */
export type CompiledKey = (self: unknown, args: readonly unknown[]) => string

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
export function compileKey(owner: Owner, key: unknown): CompiledKey {
  if (typeof key === 'function') {
    const read = keyReader(owner, 'the key')
    const make = key as (this: unknown, ...args: unknown[]) => unknown
    return (self, args) => {
      // Most take one or two, and to apply an array of them takes longer.
      if (args.length === 1) return read(make.call(self, args[0]))
      if (args.length === 2) return read(make.call(self, args[0], args[1]))
      return read(Reflect.apply(make, self, args))
    }
  }
  if (typeof key !== 'string' || key.trim() === '') {
    throw new InvalidOptionError(
      `${owner.label}: key`,
      `expected a template like 'role:{0}' or a function of the arguments, got ${describeValue(key)}`,
    )
  }
  return compileTemplate(owner, parseTemplate(owner, key))
}

/**
 * Reads what a function has given for a key: parts, or a whole key. What it returns throws an
 * {@link InvalidKeyError} for anything else, and for parts that name nothing.
 *
 * @param what - how errors call the key.
 */
export function keyReader(owner: Owner, what: string): (made: unknown) => string {
  const recent = new RecentKeys()
  return (made) => {
    if (!Array.isArray(made)) return wholeKey(owner, what, made)
    const found = recent.find(made)
    if (found !== undefined) return found
    let key = partOf(owner, what, made, 0)
    for (let at = 1; at < made.length; at += 1) key += `:${partOf(owner, what, made, at)}`
    recent.keep(made, key)
    return key
  }
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
 * the number, `'42'` the string). A quote or an `@` at the beginning of a key's part is ours.
 *
 * @returns nothing for what is no part.
 */
export function encodePart(part: unknown, separators = ':'): string | undefined {
  if (typeof part === 'string') return encodeText(part, separators)
  if (typeof part === 'number') {
    if (Number.isSafeInteger(part) && part > 0) return String(part)
    if (Number.isNaN(part)) return undefined
    return escape(Object.is(part, -0) ? '-0' : String(part), separators)
  }
  if (typeof part === 'bigint') return escape(`${String(part)}n`, separators)
  return typeof part === 'boolean' ? String(part) : undefined
}

function encodeText(text: string, separators: string): string {
  // Asked for every part of every call. A pattern takes longer, and is needed where it may read like a number.
  const isWhole = separators === ':' && !text.includes(':') && !text.includes('%')
  if (isWhole && text.charCodeAt(0) > AT && text !== 'true' && text !== 'false' && text !== 'Infinity')
    return text
  // The quotes are ours, and not escaped: else they would read like quotes of the text where a quote separates.
  if (READS_LIKE_ANOTHER_TYPE.test(text)) return `'${escape(text, separators)}'`
  return (isWhole ? text : escape(text, separators)).replace(/^['@]/, percent)
}

/** The error for a part that names nothing. */
export function noPart(owner: Owner, place: string, got: unknown): InvalidKeyError {
  const expected = 'expected a string, number, bigint or boolean'
  return new InvalidKeyError(`${owner.label}: ${place}: ${expected}, got ${describeValue(got)}`)
}

/** Below it are the digits, the minus and the marks of ours; above it the letters. */
const AT = 0x40
const READS_LIKE_ANOTHER_TYPE = /^(-?\d[\d.]*(e[+-]?\d+)?n?|-?Infinity|true|false|)$/

function escape(text: string, separators: string): string {
  return text.replace(/[^a-z\d]/gi, (letter) =>
    letter === '%' || separators.includes(letter) ? percent(letter) : letter,
  )
}

function percent(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

function wholeKey(owner: Owner, what: string, made: unknown): string {
  if (typeof made === 'string' && made !== '') return made
  return checkKey(made, `${owner.label}: ${what} function's result`)
}

function partOf(owner: Owner, what: string, parts: readonly unknown[], at: number): string {
  const text = encodePart(parts[at])
  if (text !== undefined) return text
  if (parts.length > 0) throw noPart(owner, `part ${String(at + 1)} of ${what}`, parts[at])
  throw new InvalidKeyError(`${owner.label}: part 1 of ${what}: expected at least one part, got none`)
}

/** A mark of ASCII, but the one that escapes. */
const SEPARATOR = /^[ -$&-/:-@[-`{-~]/

function parseTemplate(owner: Owner, template: string): Segment[] {
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

function unreadable(owner: Owner, template: string): InvalidOptionError {
  return new InvalidOptionError(
    `${owner.label}: key`,
    `expected places like {0} or {1.id}, and {{ or }} for a literal brace, in the template '${template}'`,
  )
}

/** What ends a place: the first letter of the text behind it. In the places themselves it is escaped. */
function separatorsOf(owner: Owner, segments: readonly Segment[]): string {
  const texts = segments.map((segment) => (typeof segment === 'string' ? segment : undefined))
  const behind = texts.flatMap((text, index) =>
    text === undefined && texts.slice(index + 1).some((other) => other === undefined)
      ? [texts[index + 1] ?? '']
      : [],
  )
  if (behind.every((text) => SEPARATOR.test(text)))
    return [...new Set([':', ...behind.map((text) => text.charAt(0))])].join('')
  throw new InvalidOptionError(
    `${owner.label}: key`,
    "expected a mark such as ':' behind each place that another one follows, so that they can be told apart",
  )
}

function compileTemplate(owner: Owner, segments: readonly Segment[]): CompiledKey {
  const separators = separatorsOf(owner, segments)
  const places = segments.filter((segment) => typeof segment === 'object')
  const recent = new RecentKeys()
  return (_self, args) => {
    const values = places.map((place) => valueAt(place, args))
    const found = recent.find(values)
    if (found !== undefined) return found
    let key = ''
    let at = 0
    for (const segment of segments)
      key += typeof segment === 'string' ? segment : fill(owner, segment, values[at++], separators)
    recent.keep(values, key)
    return key
  }
}

function valueAt({ position, path }: Place, args: readonly unknown[]): unknown {
  let value = args[position]
  for (const name of path) value = (value as Record<string, unknown> | null | undefined)?.[name]
  return value
}

function fill(owner: Owner, { position, path }: Place, value: unknown, separators: string): string {
  const text = encodePart(value, separators)
  if (text === undefined) throw noPart(owner, `{${[position, ...path].join('.')}} of the key`, value)
  return text
}
