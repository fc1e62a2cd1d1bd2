import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { splitList, withoutBlanks } from './list-members'
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
  const text = [value].flat().join(', ')
  if (saysWhoAsks(name)) return text
  return (NEGOTIATION.has(name) ? plainAlternatives(text) : undefined) ?? plainList(text)
}

/** Without the blanks around the commas of a list, and the members that are empty (RFC 9110 §5.6.1). */
function plainList(text: string): string {
  const { members, unclosed = '' } = splitList(text)
  return [...members, unclosed]
    .map(withoutBlanks)
    .filter((member) => member !== '')
    .join(',')
}

/** One of a list of alternatives, its parameters and its weight. */
const ALTERNATIVE =
  /^([^\s;="]+)((?:;(?!q(?:[=;]|$))[^\s;="]+(?:=[^\s;="]*)?)*)(?:;q=([01](?:\.\d{0,3})?))?$/i

/**
 * Without the blanks around commas, the case of what is listed and the weight 1. In the order in which it was said, for
 * many a route takes the first. `undefined` where it isn't spelt so: whoever reads `; q=0.5` or `;Q=0.5`, which mean the
 * same, may take them for something else.
 */
function plainAlternatives(text: string): string | undefined {
  const members: string[] = []
  for (const member of text.split(',').map(withoutBlanks)) {
    if (member === '') continue
    const [, name = '', parameters = '', said = '1'] = ALTERNATIVE.exec(member) ?? []
    if (name === '' || member.includes(';Q=')) return undefined
    const weight = Number(said) === 1 ? '' : `;q=${said}`
    members.push(`${name.toLowerCase()}${parameters}${weight}`)
  }
  return members.join(',')
}
