/**
 * Freezes what `JSON.parse` has made, all the way down, so that one value can be handed to many readers.
 *
 * @returns the value itself.
 */
export function freezeJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  // A stack of our own: depth costs memory, never a RangeError.
  const waiting: object[] = [value]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    Object.freeze(next)
    if (Array.isArray(next)) {
      for (const member of next as unknown[]) if (isObject(member)) waiting.push(member)
    } else {
      const record = next as Readonly<Record<string, unknown>>
      for (const key in record) {
        const member = record[key]
        if (isObject(member)) waiting.push(member)
      }
    }
  }
  return value
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
