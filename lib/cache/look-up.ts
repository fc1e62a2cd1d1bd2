import type { Counters } from '../observe/stats'
import type { EntryReader } from './entry-reader'
import { inParts, MOST_READ_AT_ONCE } from './load-many'
import type { NearTier, Read } from './near-tier'
import { NOT_NEAR } from './near-tier'
import type { ValueCodec } from './value-codec'

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
  return findNear(parts, name) ?? take(parts, name, await parts.reader.find(name, tags))
}

/**
 * The same of many names, in their order: of those that are not in process, so many in one reading. None is kept before
 * all are read: to keep one takes a command, and a Redis that has only just come back has room for few.
 */
export async function lookUpMany(
  parts: Parts,
  names: readonly string[],
  tags: readonly string[],
): Promise<(Found | undefined)[]> {
  const near = names.map((name) => findNear(parts, name))
  const others = names.filter((_, place) => near[place] === undefined)
  const reads: Read[] = []
  for (const some of inParts(others, MOST_READ_AT_ONCE))
    reads.push(...(await parts.reader.findMany(some, tags)))
  const found = new Map(reads.map((read, place) => [others[place], take(parts, others[place] ?? '', read)]))
  return names.map((name, place) => near[place] ?? found.get(name))
}

function findNear({ near, counters }: Parts, name: string): Found | undefined {
  const kept = near.find(name)
  if (kept === NOT_NEAR) return undefined
  counters.hits += 1
  return { value: kept }
}

function take({ near, reader, codec, counters }: Parts, name: string, read: Read): Found | undefined {
  const found = read.entry && reader.isFresh(read) ? codec.decode(read.entry) : undefined
  counters.count(found !== undefined)
  if (found !== undefined) near.keep(name, read, found)
  return found
}
