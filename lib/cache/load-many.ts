import { describeValue } from '../check-options'
import { InvalidOptionError } from '../errors'
import type { Counters } from '../observe/stats'
import type { LoadPlan } from './entry-options'
import type { Loads } from './loads'
import { AbsentError } from './loads'
import type { NearTier } from './near-tier'
import { DUE, NOT_NEAR } from './near-tier'

/** How many keys of one call are looked up at a time, and are one call of the loader: more would be a burst to Redis. */
export const MOST_LOADED_AT_ONCE = 250
/** How many are set at a time: a Redis that has only just come back has room for as many. */
export const MOST_SET_AT_ONCE = 50
/** How many are read at a time. */
export const MOST_READ_AT_ONCE = 500
/** How many are taken away by one command. */
export const MOST_DELETED_AT_ONCE = 1000

/** What makes the values of those keys of a call that are not there. */
export type ManyLoader = (keys: string[]) => unknown

/** The keys that are to be made, gathered for one call of the loader. */
class Gathering {
  readonly #load: ManyLoader
  readonly #order: readonly string[]
  #keys = new Set<string>()
  #result: Promise<ReadonlyMap<string, unknown>> | undefined

  /** Takes all keys in the order in which those that are missing are given to the loader. */
  constructor(load: ManyLoader, order: readonly string[]) {
    this.#load = load
    this.#order = order
  }

  /** The loader's values, of this key and of those that ask for theirs at about the same time. */
  ask(key: string): Promise<ReadonlyMap<string, unknown>> {
    this.#keys.add(key)
    this.#result ??= this.#run()
    return this.#result
  }

  async #run(): Promise<ReadonlyMap<string, unknown>> {
    // The answers about the others arrive in the same turns of the event loop.
    for (let known = 0; known < this.#keys.size;) {
      known = this.#keys.size
      await new Promise(setImmediate)
    }
    const keys = this.#order.filter((key) => this.#keys.has(key))
    this.#keys = new Set()
    this.#result = undefined
    const made: unknown = await this.#load(keys)
    if (made instanceof Map) return made
    throw new TypeError('getOrSetMany: expected the loader to give a Map of the keys that it was asked for')
  }
}

/**
 * The values of many keys, and what one call of the loader makes of those that are not there. A key that the loader
 * has no value for is not stored, and not part of the answer.
 */
export async function loadMany(
  { loads, near, counters }: { readonly loads: Loads; readonly near: NearTier; readonly counters: Counters },
  keys: ReadonlyMap<string, string>,
  load: ManyLoader,
  plan: LoadPlan,
): Promise<Map<string, unknown>> {
  const gathering = new Gathering((missing) => load(missing), [...keys.keys()])
  const absent = new Set<string>()
  const values = await Promise.all(
    Array.from(keys, async ([key, name]) => {
      const kept = near.findOrRenew(name)
      if (kept !== NOT_NEAR && kept !== DUE) {
        counters.hits += 1
        return [key, kept] as const
      }
      const make = async (): Promise<unknown> => {
        const made = await gathering.ask(key)
        if (!made.has(key)) throw new AbsentError()
        return made.get(key)
      }
      const value = await loads.value(name, make, plan, kept === DUE).catch((error: unknown) => {
        if (!(error instanceof AbsentError)) throw error
        absent.add(key)
        return undefined
      })
      return [key, value] as const
    }),
  )
  return new Map(values.filter(([key]) => !absent.has(key)))
}

/**
 * What is to be set, by key: of a key that is there twice the last value.
 *
 * @throws {InvalidOptionError} for what are no pairs.
 */
export function readEntries<Value>(entries: Iterable<readonly [string, Value]>): Map<string, Value> {
  const isIterable =
    typeof entries === 'object' && (entries as object | null) !== null && Symbol.iterator in entries
  if (!isIterable)
    throw new InvalidOptionError(
      'setMany: entries',
      `expected pairs of a key and a value, got ${describeValue(entries)}`,
    )
  const all = [...entries]
  const wrong = all.findIndex((pair: unknown) => !Array.isArray(pair) || pair.length !== 2)
  if (wrong === -1) return new Map(all)
  const got = describeValue(all[wrong])
  throw new InvalidOptionError(
    'setMany: entries',
    `expected pairs of a key and a value, got ${got} at ${String(wrong)}`,
  )
}
