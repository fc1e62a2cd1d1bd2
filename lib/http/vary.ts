import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Recording } from './recording'
import { listField } from './recording'
import { saysWhoAsks } from './who-asks'

/** Fields that list alternatives with weights: how they are spelt does not matter (RFC 9110 §12.5). */
const NEGOTIATION = new Set(['accept', 'accept-charset', 'accept-encoding', 'accept-language'])

/** The request fields that a response varies by, in lower case and in order, with those of the `vary` option. */
export function varyNames(
  response: Pick<Recording, 'fields'>,
  added: readonly string[] = [],
): readonly string[] {
  const named = listField(response, 'vary')
  return named.length + added.length === 0 ? named : [...new Set([...named, ...added])].sort()
}

/** What is the same for all. */
const ONLY_VARIANT = digest([])

/**
 * A digest of what a request says in these fields (RFC 9111 §4.1): of two requests with the same one, the same
 * variant is for both. A digest, for they may be credentials.
 */
export function variantOf(names: readonly string[], headers: IncomingHttpHeaders): string {
  if (names.length === 0) return ONLY_VARIANT
  return digest(names.map((name) => [name, normalized(name, headers[name])]))
}

function digest(values: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(values), 'base64url')
}

function normalized(name: string, value: string | string[] | undefined): string | null {
  if (value === undefined) return null
  const text = [value].flat().join(', ').trim()
  if (saysWhoAsks(name)) return text
  // What is quoted may hold a comma, and its case and spaces may matter.
  return NEGOTIATION.has(name) && !text.includes('"') ? byWeight(text) : withoutBlanks(text)
}

/** Without the blanks around the commas of a list, and the members that are empty (RFC 9110 §5.6.1). */
function withoutBlanks(text: string): string {
  return text.replace(/("(?:[^"\\]|\\.)*")|[ \t]*,[ \t,]*/g, (_match, quoted?: string) => quoted ?? ',')
}

/** Without case, spaces and the weight 1, heaviest first; those of one weight stay in their order, which may matter. */
function byWeight(text: string): string {
  const members = text
    .toLowerCase()
    .replace(/\s+/g, '')
    .split(',')
    .filter((member) => member !== '')
    .map((member) => member.replace(/;q=1(?:\.0{0,3})?(?=;|$)/, ''))
  const weightOf = (member: string): number => Number(/;q=([\d.]+)/.exec(member)?.[1] ?? 1)
  return members.sort((one, other) => weightOf(other) - weightOf(one)).join(',')
}
