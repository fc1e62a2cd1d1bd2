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
  return (NEGOTIATION.has(name) ? byWeight(text) : undefined) ?? withoutBlanks(text)
}

/** Without the blanks around the commas of a list, and the members that are empty (RFC 9110 §5.6.1). */
function withoutBlanks(text: string): string {
  return text.replace(/("(?:[^"\\]|\\.)*")|[ \t]*,[ \t,]*/g, (_match, quoted?: string) => quoted ?? ',')
}

/** One of a list of alternatives, without the blanks around it: its parameters may be spelt in a case that matters. */
const ALTERNATIVE =
  /^([^\s;="]+)((?:[ \t]*;[ \t]*(?!q=)[^\s;="]+(?:=[^\s;="]*)?)*)(?:[ \t]*;[ \t]*q=([01](?:\.\d{0,3})?))?$/i

/**
 * Without the blanks around commas and semicolons, the case of what is listed and the weight 1, heaviest first; those of
 * one weight stay in their order, which may matter. `undefined` where it isn't spelt so: nobody knows how it is read.
 */
function byWeight(text: string): string | undefined {
  const members: { readonly text: string; readonly weight: number }[] = []
  for (const member of text.split(',')) {
    const spelt = member.trim()
    if (spelt === '') continue
    const [, name = '', parameters = '', weight = '1'] = ALTERNATIVE.exec(spelt) ?? []
    if (name === '') return undefined
    const said = Number(weight) === 1 ? '' : `;q=${weight}`
    members.push({
      text: `${name.toLowerCase()}${parameters.replace(/[ \t]/g, '')}${said}`,
      weight: Number(weight),
    })
  }
  members.sort((one, other) => other.weight - one.weight)
  return members.map((member) => member.text).join(',')
}
