import type { ServerResponse } from 'node:http'
import { etagOf } from './etag'
import type { FieldValue, Recording } from './recording'
import { field, fieldsOf } from './recording'
import type { ResponseConfiguration } from './response-configuration'
import { cacheTagField, tagsNamedBy } from './response-tags'
import { varyNames } from './vary'

/** What the application wants added to a response whose head has not been sent: an ETag, what it varies by, tags. */
export function withAddedFields(
  recording: Recording,
  whole: Buffer | undefined,
  context: {
    readonly res: ServerResponse
    readonly configuration: ResponseConfiguration
    readonly tags: readonly string[]
  },
): Recording {
  const { res, configuration } = context
  const { etag, vary, cacheTagHeader } = configuration
  const added: [string, FieldValue][] = []
  const isTagless = recording.status === 200 && field(recording, 'etag') === undefined
  if (etag !== false && whole !== undefined && isTagless) added.push(['ETag', etagOf(whole, etag)])
  const unsaid = vary.filter((name) => !varyNames(recording).includes(name))
  if (unsaid.length > 0) added.push(['Vary', [field(recording, 'vary') ?? [], unsaid].flat().join(', ')])
  const tags = cacheTagHeader ? [...context.tags, ...tagsNamedBy(recording, res)] : []
  if (tags.length > 0) added.push(['Cache-Tag', cacheTagField([...new Set(tags)])])
  for (const [name, value] of added) res.setHeader(name, value)
  return added.length === 0 ? recording : { ...recording, fields: fieldsOf(res) }
}
