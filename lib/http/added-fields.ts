import { etagOf } from './etag'
import type { FieldValue, Recording } from './recording'
import { field, fieldsOf } from './recording'
import { cacheTagField, tagsNamedBy } from './response-tags'
import { varyNames } from './vary'
import type { Visit } from './visit'

/**
 * What the application wants added to a response whose head has not been sent: an ETag, what it varies by, tags.
 *
 * @param named - the tags that it has; `undefined` where a cache further in decides, which adds all but the second.
 */
export function withAddedFields(
  recording: Recording,
  whole: (() => Buffer) | undefined,
  { res, method, configuration, sendsTags }: Pick<Visit, 'res' | 'method' | 'configuration' | 'sendsTags'>,
  named: readonly string[] | undefined,
): Recording {
  const { vary } = configuration
  // What answers HEAD has no bytes to make one of.
  const etag = named !== undefined && method === 'GET' && configuration.etag
  if (etag === false && vary.length === 0 && !sendsTags) return recording
  const added: [string, FieldValue][] = []
  const isTagless = recording.status === 200 && field(recording, 'etag') === undefined
  if (etag !== false && whole !== undefined && isTagless) added.push(['ETag', etagOf(whole(), etag)])
  const unsaid = vary.filter((name) => !varyNames(recording).includes(name))
  if (unsaid.length > 0) added.push(['Vary', [field(recording, 'vary') ?? [], unsaid].flat().join(', ')])
  const tags = sendsTags && named !== undefined ? [...named, ...tagsNamedBy(recording, res)] : []
  if (tags.length > 0) added.push(['Cache-Tag', cacheTagField([...new Set(tags)])])
  for (const [name, value] of added) res.setHeader(name, value)
  return added.length === 0 ? recording : { ...recording, fields: fieldsOf(res) }
}
