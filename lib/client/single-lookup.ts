import dns from 'node:dns'
import type { LookupFunction } from 'node:net'

type Answer = Parameters<Parameters<LookupFunction>[2]>

/**
 * Looks names up as the given function does, and each only once at a time: whoever asks meanwhile gets the answer to
 * what was asked first, and who asked before him an error.
 *
 * A resolver that doesn't answer can't be told to give up. Node looks up two names at a time, so the attempts to
 * connect of a long outage would have the whole application wait for addresses.
 */
export function singleLookup(lookup: LookupFunction = lookUpByNode): LookupFunction {
  const waiting = new Map<string, (...answer: Answer) => void>()
  return (name, options, callback) => {
    const former = waiting.get(name)
    waiting.set(name, callback)
    if (former !== undefined) {
      former(new Error(`Another attempt waits for the address of ${name}`), '')
      return
    }
    lookup(name, options, (...answer) => {
      const last = waiting.get(name)
      waiting.delete(name)
      last?.(...answer)
    })
  }
}

/** Whatever `dns.lookup` is by then. */
const lookUpByNode: LookupFunction = (name, options, callback) => {
  dns.lookup(name, options, callback)
}
