import { expect } from 'chai'
import fc from 'fast-check'
import { isPlainJson } from '../../lib/cache/plain-json'

describe('isPlainJson', () => {
  const shared = {}
  const cycle: unknown[] = []
  cycle.push(cycle)
  const named = Object.assign(['a'], { index: 1 })
  const values: [name: string, value: unknown, isPlain: boolean][] = [
    ['null', null, true],
    ['a string', 'text', true],
    ['a lone surrogate', '\ud800', true],
    ['a number', 1.5, true],
    ['0', 0, true],
    ['a null-prototype object', Object.assign(Object.create(null) as object, { a: 1 }), true],
    ['an own key __proto__', JSON.parse('{"__proto__":{"a":1}}'), true],
    ['a property toJSON that is no method', { toJSON: 1 }, true],
    ['undefined', undefined, false],
    ['-0', -0, false],
    ['NaN', NaN, false],
    ['Infinity', Infinity, false],
    ['a bigint', 1n, false],
    ['a symbol', Symbol('a'), false],
    ['a function', () => 1, false],
    ['a Date', new Date(), false],
    ['a Map', new Map(), false],
    [
      'a class',
      new (class Point {
        x = 1
      })(),
      false,
    ],
    ['a toJSON method', Object.defineProperty({}, 'toJSON', { value: () => 1 }), false],
    ['an array with a hole', Array(1), false],
    ['an array with a named property', named, false],
    ['a shared reference', [shared, shared], false],
    ['a cycle', cycle, false],
  ]
  for (const [name, value, isPlain] of values) {
    it(`says ${String(isPlain)} for ${name}, alone and inside`, () => {
      expect(isPlainJson(value)).to.equal(isPlain)
      expect(isPlainJson({ in: [value] })).to.equal(isPlain)
    })
  }

  it('says true only for what JSON gives back', () => {
    fc.assert(
      fc.property(
        fc.anything({ withDate: true, withMap: true, withBigInt: true, withSparseArray: true }),
        (value) => {
          if (isPlainJson(value)) expect(JSON.parse(JSON.stringify(value)) as unknown).to.deep.equal(value)
        },
      ),
    )
  })

  it('says true for whatever JSON.parse gives', () => {
    fc.assert(
      fc.property(fc.json(), (text) => /-0(?![.\d]*[1-9])/.test(text) || isPlainJson(JSON.parse(text))),
    )
  })

  it('says false, and does not throw, for what is nested too deep for the stack', () => {
    let deep: unknown[] = []
    for (let depth = 0; depth < 100_000; depth += 1) deep = [deep]
    expect(isPlainJson(deep)).to.equal(false)
  })
})
