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
type Segment = string | { readonly position: number; readonly path: readonly string[] }

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
  return (_self, args) => segments.map((segment) => fill(owner, segment, args)).join('')
}

/**
 * A key as it may be used: a string, not empty.
 *
 * @throws {InvalidKeyError} for anything else.
 */
export function checkKey(key: unknown, what = 'key'): string {
  if (typeof key === 'string' && key !== '') return key
  throw new InvalidKeyError(`${what}: expected a string that is not empty, got ${describeValue(key)}`)
}

/**
 * Writes one part so that different parts never read the same: `%` and `:` are escaped, and a string that
 * reads like a number, a boolean or a bigint stands in quotes (`42` is the number, `'42'` the string).
 */
export function encodePart(part: unknown, what: string): string {
  if (typeof part === 'string') {
    const escaped = part.replace(
      /[%:]|^'/g,
      (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
    )
    return READS_LIKE_ANOTHER_TYPE.test(escaped) ? `'${escaped}'` : escaped
  }
  if (Object.is(part, -0)) return '-0'
  if (typeof part === 'bigint') return `${String(part)}n`
  if (typeof part === 'boolean' || (typeof part === 'number' && !Number.isNaN(part))) return String(part)
  throw new InvalidKeyError(
    `${what}: expected a string, number, bigint or boolean, got ${describeValue(part)}`,
  )
}

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

function fill(owner: string, segment: Segment, args: readonly unknown[]): string {
  if (typeof segment === 'string') return segment
  const place = [segment.position, ...segment.path].join('.')
  const value = segment.path.reduce<unknown>(
    (found, name) =>
      found === undefined || found === null ? undefined : (found as Record<string, unknown>)[name],
    args[segment.position],
  )
  return encodePart(value, `${owner}: {${place}} of the key`)
}
