import { inParts } from '../in-parts'
import type { Counters } from '../observe/stats'
import type { EntryReader } from './entry-reader'
import { MOST_READ_AT_ONCE } from './load-many'
import type { FoundRead, NearTier, Read } from './near-tier'
import { NOT_NEAR } from './near-tier'
import type { Decoded, ValueCodec } from './value-codec'

interface Parts {
  readonly near: NearTier
  readonly reader: EntryReader
  readonly codec: ValueCodec
  readonly counters: Counters
}

/** A value that was found, in a wrapper that tells it from none. */
export interface Found {
  readonly value: unknown
}

/** What is under a name and fresh. The tags are those that it is known to depend on. */
export async function lookUp(
  parts: Parts,
  name: string,
  tags: readonly string[],
): Promise<Found | undefined> {
  const near = findNear(parts, name)
  if (near !== undefined) return near
  const read = await parts.reader.find(name, tags)
  const decoded = decodeFresh(parts, read)
  if (decoded !== undefined) parts.near.keep(name, read, decoded)
  return decoded
}

/**
 * The same of many names, in their order: of those that are not in process, so many in one reading. None is kept before
 * all are read, and then as many at a time: a Redis that has only just come back has room for few.
 */
export async function lookUpMany(
  parts: Parts,
  names: readonly string[],
  tags: readonly string[],
): Promise<(Found | undefined)[]> {
  const near = names.map((name) => findNear(parts, name))
  const others = names.filter((_, place) => near[place] === undefined)
  const found = new Map<string, Found>()
  const kept: FoundRead[] = []
  for (const some of inParts(others, MOST_READ_AT_ONCE)) {
    const reads = await parts.reader.findMany(some, tags)
    for (const [place, key] of some.entries()) {
      const read = reads[place] as Read
      const decoded = decodeFresh(parts, read)
      if (decoded === undefined) continue
      found.set(key, decoded)
      kept.push({ key, read, decoded })
    }
  }
  for (const some of inParts(kept, MOST_READ_AT_ONCE)) parts.near.keepAll(some)
  return names.map((name, place) => near[place] ?? found.get(name))
}

function findNear({ near, counters }: Parts, name: string): Found | undefined {
  const kept = near.find(name)
  if (kept === NOT_NEAR) return undefined
  counters.hits += 1
  return { value: kept }
}

function decodeFresh({ reader, codec, counters }: Parts, read: Read): Decoded | undefined {
  const found = read.entry && reader.isFresh(read) ? codec.decode(read.entry) : undefined
  counters.count(found !== undefined)
  return found
}
