import { isSameWeakly, isWeak, validatorsOf } from './conditional'
import type { Fields, Recording } from './recording'
import { field } from './recording'
import { fieldsToStore } from './stored-response'
import type { StoredResponse } from './stored-response'
import { varyNames } from './vary'

/** Fields that say how the stored bytes are to be read: those of an answer without a body don't (RFC 9111 §3.2). */
const ABOUT_THE_BYTES = /^content-(length|encoding|range|md5)$/i

/** What the head of a response that is still right is made of beside the two. */
interface Surroundings {
  /** The fields of earlier middleware. */
  readonly before: Fields
  /** Request fields that the key covers by the `vary` option, in lower case. */
  readonly vary: readonly string[]
}

/**
 * The head of a stored response after the route has said that it is still right: what the route said of it now goes
 * before what it said then (RFC 9111 §3.2, §4.3.4). The former one itself where that was said of another.
 */
export function freshened(
  former: StoredResponse,
  answer: Recording,
  { before, vary }: Surroundings,
): Recording {
  if (!isAboutFormer(former, answer)) return former
  const updates = fieldsToStore(answer, before).filter(([name]) => !ABOUT_THE_BYTES.test(name))
  const updated = new Set(updates.map(([name]) => name.toLowerCase()))
  // A Date and an Age that aren't said anew are those of the former answer.
  const replaced = (name: string): boolean => updated.has(name) || name === 'date' || name === 'age'
  const kept = former.fields.filter(([name]) => !replaced(name.toLowerCase()))
  const age = field(answer, 'age')
  const fields: Fields = [...kept, ...updates, ...(age === undefined ? [] : [['Age', age] as const])]
  const { status, statusMessage } = former
  return { ...answer, status, statusMessage, fields: withVary(fields, vary) }
}

/** With what the application adds to the Vary of its routes: a 304 doesn't say it. */
function withVary(fields: Fields, added: readonly string[]): Fields {
  const unsaid = added.filter((name) => !varyNames({ fields }).includes(name))
  if (unsaid.length === 0) return fields
  const others = fields.filter(([name]) => name.toLowerCase() !== 'vary')
  return [...others, ['Vary', [field({ fields }, 'vary') ?? [], unsaid].flat().join(', ')]]
}

/**
 * Whether a 304 is about the response that is stored: by its ETag, else by its Last-Modified, where it names one. Any
 * other must not update it (RFC 9111 §4.3.4).
 */
function isAboutFormer(former: StoredResponse, answer: Recording): boolean {
  const [etag, modified] = [field(answer, 'etag'), field(answer, 'last-modified')]
  const formerEtag = field(former, 'etag')
  if (etag === undefined && modified === undefined) return true
  if (etag === undefined || formerEtag === undefined)
    return modified !== undefined && modified === field(former, 'last-modified')
  // Of a weak one it is enough that it means the same.
  return etag === formerEtag || (isWeak(String(etag)) && isSameWeakly(String(etag), String(formerEtag)))
}

/** Whether the answer to a HEAD is about the response that is stored (RFC 9111 §4.3.5). */
export function isAboutSame(former: StoredResponse, answer: Recording): boolean {
  if (answer.status !== 200 || former.status !== 200 || isAboutAnother(former, answer)) return false
  if (!hasLength(former, answer)) return false
  const said = validatorsOf(answer)
  const known = Object.keys(validatorsOf(former))
  return known.length > 0 && known.every((name) => said[name] !== undefined)
}

/** Whether a response is as long as is said, if that is said. */
function hasLength({ body }: StoredResponse, answer: Recording): boolean {
  const length = field(answer, 'content-length')
  return length === undefined || Number(length) === body.length
}

/** Whether the answer to a HEAD is about another response than the one that is stored: it says so itself. */
export function isAboutAnother(former: StoredResponse, answer: Recording): boolean {
  if (answer.status !== 200) return false
  // What is stored may have been encoded behind this cache, where a HEAD is not.
  const isSameCoding = field(former, 'content-encoding') === field(answer, 'content-encoding')
  if (isSameCoding && !hasLength(former, answer)) return true
  const known = validatorsOf(former)
  return Object.entries(validatorsOf(answer)).some(([name, said]) => said !== known[name])
}
