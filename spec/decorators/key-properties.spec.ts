import { inspect, isDeepStrictEqual } from 'node:util'
import { expect } from 'chai'
import fc from 'fast-check'
import { Cached, cachedMethod } from 'holdfast'
import type { KeyPart } from 'holdfast'

class Calls {
  @Cached()
  byDefault(...args: unknown[]) {
    return Promise.resolve(args.length)
  }

  @Cached((...parts) => parts)
  byParts(...parts: KeyPart[]) {
    return Promise.resolve(parts.length)
  }

  @Cached('{0}:{1}/{2}', '1h')
  byTemplate(...parts: [KeyPart, KeyPart, KeyPart]) {
    return Promise.resolve(parts.length)
  }

  @Cached('{0}', '1h', { scope: ({ tenant }) => tenant })
  byScope(id: KeyPart) {
    return Promise.resolve(id)
  }

  constructor(readonly tenant: KeyPart = 'north') {}
}
const calls = new Calls()

/** Awkward on purpose: what separates and escapes parts, and what reads like another type. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom(':', '%', '/', '@', "'", '3', 'A', 'n', '-', '2', '7'), maxLength: 4 }),
  fc.constantFrom('true', 'false', 'Infinity', '-Infinity', 'NaN', 'null', 'undefined', ''),
  fc.integer().map(String),
)
const part: fc.Arbitrary<KeyPart> = fc.oneof(
  text,
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.bigInt(),
  fc.boolean(),
)
const anything = fc.anything({
  key: text,
  // Node.js takes no two invalid dates for equal.
  values: [part, fc.double(), fc.constantFrom(null, undefined), fc.date({ noInvalidDate: true })],
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withObjectString: false,
})

describe('Keys of calls with random arguments', () => {
  const parts = fc.array(part, { minLength: 1, maxLength: 4 })

  it('are equal for equal parts and different for different ones', () => {
    same(parts, twistsOfParts, (args) => cachedMethod(calls, 'byParts').key(...args))
  })

  it('are equal for equal places of a template and different for different ones', () => {
    const three = fc.array(part, { minLength: 3, maxLength: 3 })
    const twists = twistsOfParts.slice(0, -1)
    same(three, twists, (args) =>
      cachedMethod(calls, 'byTemplate').key(...(args as [KeyPart, KeyPart, KeyPart])),
    )
  })

  it('are equal for equal scopes and different for different ones, and never those of no scope', () => {
    const two = fc.array(part, { minLength: 2, maxLength: 2 }).filter(([scope]) => scope !== '')
    same(two, twistsOfParts.slice(0, -1), ([scope, id = '']) =>
      cachedMethod(new Calls(scope), 'byScope').key(id),
    )
    fc.assert(
      fc.property(two, parts, ([scope = '', id = ''], unscoped) => {
        const { key } = cachedMethod(new Calls(scope), 'byScope')
        expect(key(id)).not.to.equal(cachedMethod(calls, 'byParts').key(...unscoped))
        expect(key(id)).not.to.equal(cachedMethod(calls, 'byParts').key(`@${String(scope)}`, id))
      }),
    )
  })

  it('are equal for equal arguments of any kind and different for different ones, by default', () => {
    const twists = twistsOfAnything.map(
      (twist) => (args: unknown[], at: number) => args.with(at, twist(args[at])),
    )
    same(fc.array(anything, { maxLength: 3 }), twists, (args) =>
      cachedMethod(calls, 'byDefault').key(...args),
    )
  })

  it('do not depend on the order of properties, nor on that within a Map or a Set', () => {
    const entries = fc.uniqueArray(fc.tuple(text, anything), { selector: ([name]) => name, minLength: 2 })
    fc.assert(
      fc.property(entries, (listed) => {
        const back = listed.toReversed()
        for (const made of [Object.fromEntries, asMap, asSet] as ((from: typeof listed) => unknown)[]) {
          const { key } = cachedMethod(calls, 'byDefault')
          expect(key(made(listed))).to.equal(key(made(back)))
        }
      }),
    )
  })
})

const asMap = (entries: [string, unknown][]): unknown => new Map(entries)
const asSet = (entries: [string, unknown][]): unknown => new Set(entries.map(([name]) => name))

/** What may be written alike though it is not: the same as text, in quotes, escaped, one in place of two. */
const twistsOfParts: ((parts: KeyPart[], at: number) => KeyPart[])[] = [
  (parts, at) => parts.with(at, String(parts[at])),
  (parts, at) => parts.with(at, cachedMethod(calls, 'byParts').key(parts[at] ?? '')),
  (parts, at) => parts.with(at, `'${String(parts[at])}'`),
  (parts, at) => parts.with(at, `@${String(parts[at])}`),
  (parts, at) => parts.with(at, encodeURIComponent(String(parts[at]))),
  (parts, at) => parts.with(at, `${String(parts[at])}n`),
  (parts, at) => [...parts.slice(0, at), parts.slice(at, at + 2).join(':'), ...parts.slice(at + 2)],
]

const twistsOfAnything: ((value: unknown) => unknown)[] = [
  (value) => (value instanceof Map ? new Set(Array.from(value).flat()) : inspect(value)),
  (value) => (typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : { 0: value }),
  (value) => (typeof value === 'number' ? -value : new Set([value])),
  (value) => (value instanceof Date ? value.getTime() : new Map([[0, value]])),
  (value) => (value instanceof Map || value instanceof Set ? Array.from(value as Set<unknown>) : [value]),
  (value) => (Array.isArray(value) ? Object.assign(Array.from(value), { length: value.length + 1 }) : 0),
  (value) => (Array.isArray(value) ? Array.from(value).concat(undefined) : undefined),
  (value) => (ArrayBuffer.isView(value) ? new Uint8Array(value.buffer) : null),
  (value) => (value instanceof Uint8Array ? new Uint8ClampedArray(value) : [[value]]),
]

/** Holds pairs of calls against each other: alike, nearly alike, and unlike. */
function same<Args extends unknown[]>(
  calls: fc.Arbitrary<Args>,
  twists: readonly ((args: Args, at: number) => unknown[])[],
  keyOf: (args: Args) => string,
): void {
  const twisted = fc
    .tuple(calls, fc.nat(), fc.constantFrom(...twists))
    .filter(([args]) => args.length > 0)
    .map(([args, at, twist]): [Args, Args] => [args, twist(args, at % args.length) as Args])
  fc.assert(
    fc.property(fc.oneof(twisted, fc.tuple(calls, calls), fc.clone(calls, 2)), ([one, other]) => {
      expect(keyOf(one) === keyOf(other)).to.equal(isDeepStrictEqual(one, other))
    }),
    { numRuns: 2000 },
  )
}
