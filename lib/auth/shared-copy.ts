import type { Cache } from '../cache/cache'
import { RevocationCopy } from './revocation-copy'
import { RevocationFeed } from './revocation-feed'

/** A copy of all revocations, and what keeps it in step with Redis. */
interface SharedCopy {
  readonly copy: RevocationCopy
  readonly feed: RevocationFeed
}

/** By what a cache consists of, and by the part of it. */
const copies = new WeakMap<Cache['core'], Map<string, SharedCopy>>()

/** One copy for all blacklists over a cache: what one of them revokes, the others refuse at once. */
export function copyOf(cache: Cache, capacity: number): SharedCopy {
  const parts = copies.get(cache.core) ?? new Map<string, SharedCopy>()
  copies.set(cache.core, parts)
  const found = parts.get(cache.prefix)
  if (found !== undefined) return found
  const copy = new RevocationCopy(capacity, cache.clock)
  const made = { copy, feed: new RevocationFeed(cache, copy) }
  parts.set(cache.prefix, made)
  return made
}
