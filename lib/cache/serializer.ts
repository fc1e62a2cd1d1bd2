import { describeValue } from '../check-options'
import { InvalidOptionError } from '../errors'

/** How values become bytes and values again, where JSON would not give them back as they were. */
export interface Serializer {
  /**
   * Stands in the header of each entry, so that what another serializer wrote is a miss: 1 to 16 lower-case
   * letters, digits and hyphens. A change of the format is a new name.
   */
  readonly name: string
  /**
   * Writes a value. The bytes are the cache's own afterwards.
   *
   * @throws for whatever it has no word for: the value is then not cached. The message may be logged, so it
   *   must not show the value.
   */
  serialize(value: unknown): Buffer
  /**
   * Makes a value of its own at each call, which shares no memory with the bytes.
   *
   * @throws for what it can't read, which is then a miss. The bytes come from Redis: whoever can write there can
   *   send anything.
   */
  deserialize(bytes: Buffer): unknown
}

/**
 * Reads a serializer that an application gives.
 *
 * @throws {InvalidOptionError} where it is none, or has a name that cannot stand in a header.
 */
export function checkSerializer(option: string, serializer: unknown): Serializer {
  if (typeof serializer !== 'object' || serializer === null) {
    throw new InvalidOptionError(option, `expected a serializer object, got ${describeValue(serializer)}`)
  }
  const given = serializer as Partial<Record<keyof Serializer, unknown>>
  if (
    typeof given.name !== 'string' ||
    !/^(?!(json|bytes|undefined|rich)$)[a-z0-9-]{1,16}$/.test(given.name)
  ) {
    const expected = "expected 1 to 16 lower-case letters, digits and hyphens, but not 'json' and its kin"
    throw new InvalidOptionError(`${option}.name`, `${expected}, got ${describeValue(given.name)}`)
  }
  for (const method of ['serialize', 'deserialize'] as const) {
    if (typeof given[method] === 'function') continue
    throw new InvalidOptionError(
      `${option}.${method}`,
      `expected a function, got ${describeValue(given[method])}`,
    )
  }
  return serializer as Serializer
}
