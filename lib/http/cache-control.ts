import { splitList } from './list-members'

/** The directives of a Cache-Control field: name in lower case, argument as it was given, `''` where there is none. */
export type Directives = ReadonlyMap<string, string>

const NO_DIRECTIVES: Directives = new Map()

/** Stands for an argument that cannot be read: it is none of those that permit something. */
const MALFORMED = '\uFFFD'

const DIRECTIVE = /^([!#$%&'*+\-.^_`|~\w]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+\-.^_`|~\w]*)))?$/
const NAME = /^[!#$%&'*+\-.^_`|~\w]+/

/** Directives whose argument lists fields. */
const FIELD_LISTS = new Set(['private', 'no-cache'])

/**
 * Reads Cache-Control from one field or several (RFC 9111 §5.2, syntax of RFC 9110 §5.6). What is malformed still
 * forbids what its name forbids, and permits nothing. Of a lifetime that is given twice the shorter counts
 * (RFC 9111 §4.2.1).
 */
export function parseCacheControl(field: string | number | readonly string[] | undefined): Directives {
  if (field === undefined) return NO_DIRECTIVES
  const directives = new Map<string, string>()
  const text = Array.isArray(field) ? field.join(',') : String(field)
  for (const member of membersOf(text)) {
    const [name, argument] = readDirective(member.trim())
    const known = directives.get(name)
    if (name !== '') directives.set(name, known === undefined ? argument : stricter(name, known, argument))
  }
  return directives
}

/**
 * What is between commas, except those within a quoted string. Behind a quote that is never closed it is all of them,
 * for what they forbid: each is given a quote, so that it permits nothing.
 */
function membersOf(text: string): readonly string[] {
  const { members, unclosed } = splitList(text)
  if (unclosed === undefined) return members
  const [first = '', ...behind] = unclosed.split(',')
  return [...members, first, ...behind.map((member) => `${member}"`)]
}

function readDirective(member: string): [name: string, argument: string] {
  const [, name, quoted, plain = ''] = DIRECTIVE.exec(member) ?? []
  if (name === undefined) return [NAME.exec(member)?.[0].toLowerCase() ?? '', MALFORMED]
  return [name.toLowerCase(), quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1')]
}

function stricter(name: string, one: string, other: string): string {
  if (FIELD_LISTS.has(name)) return one === '' || other === '' ? '' : `${one},${other}`
  return deltaSeconds(other) < deltaSeconds(one) ? other : one
}

/**
 * Reads delta-seconds (RFC 9111 §1.2.2). What is too large counts as the largest; what is no whole number
 * counts as 0, so that a malformed lifetime is stale at once (RFC 9111 §4.2.1).
 */
export function deltaSeconds(argument: string): number {
  return /^\d+$/.test(argument) ? Math.min(Number(argument), 2 ** 31) : 0
}

/**
 * The fields that `private` or `no-cache` names, in lower case (RFC 9111 §5.2.2.4, §5.2.2.7): `'all'` where it names
 * none or can't be read, for then the whole response is meant; `[]` where the directive isn't there.
 */
export function namedFields(directives: Directives, name: 'private' | 'no-cache'): readonly string[] | 'all' {
  const argument = directives.get(name)
  if (argument === undefined) return []
  const fields = argument
    .toLowerCase()
    .split(',')
    .map((field) => field.trim())
  return fields.every((field) => NAME.exec(field)?.[0] === field) ? fields : 'all'
}

/** Whether a response must not stand in once it is over (RFC 9111 §4.2.4). */
export function forbidsStale(directives: Directives): boolean {
  if (directives.has('must-revalidate') || directives.has('proxy-revalidate')) return true
  return namedFields(directives, 'no-cache') === 'all'
}
