import type { LoadPlan } from './entry-options'
import type { Loads } from './loads'

/** What makes the values of those keys of a call that are not there. */
export type ManyLoader = (keys: string[]) => unknown

/** The keys that are to be made, gathered for one call of the loader. */
class Gathering {
  readonly #load: ManyLoader
  #keys: string[] = []
  #result: Promise<ReadonlyMap<string, unknown>> | undefined

  constructor(load: ManyLoader) {
    this.#load = load
  }

  /** The loader's values, of this key and of those that ask for theirs at about the same time. */
  ask(key: string): Promise<ReadonlyMap<string, unknown>> {
    this.#keys.push(key)
    this.#result ??= this.#run()
    return this.#result
  }

  async #run(): Promise<ReadonlyMap<string, unknown>> {
    // The answers about the others arrive in the same turns of the event loop.
    for (let known = 0; known < this.#keys.length;) {
      known = this.#keys.length
      await new Promise(setImmediate)
    }
    const keys = this.#keys
    this.#keys = []
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
  loads: Loads,
  keys: ReadonlyMap<string, string>,
  load: ManyLoader,
  plan: LoadPlan,
): Promise<Map<string, unknown>> {
  const gathering = new Gathering((names) => load(names))
  const absent = new Set<string>()
  const values = await Promise.all(
    Array.from(keys, async ([key, name]) => {
      const make = async (): Promise<unknown> => {
        const made = await gathering.ask(key)
        if (!made.has(key)) absent.add(key)
        return made.get(key)
      }
      const unless = (value: unknown): boolean => absent.has(key) || plan.unless?.(value) === true
      return [key, await loads.value(name, make, { ...plan, unless })] as const
    }),
  )
  return new Map(values.filter(([key]) => !absent.has(key)))
}
