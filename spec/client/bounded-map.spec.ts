import { expect } from 'chai'
import fc from 'fast-check'
import { BoundedMap } from '../../lib/client/bounded-map'

describe('BoundedMap', () => {
  const roomy = { maxEntries: 1000, maxBytes: 1000 }

  it('refuses bounds without room for an entry', () => {
    expect(() => new BoundedMap({ maxEntries: 0, maxBytes: 1 })).to.throw(RangeError, 'maxEntries')
  })

  it('takes no value that is over the bounds alone, and drops the older one', () => {
    const map = new BoundedMap<number>(roomy)
    map.set('a', 1, 10)
    expect(map.set('a', 2, 1001)).to.equal(false)
    expect([map.size, map.bytes, map.peek('a')]).to.deep.equal([0, 0, undefined])
  })

  it('drops an entry past its deadline once it is asked with the time', () => {
    const map = new BoundedMap<number>(roomy)
    map.set('a', 1, 1, 50)
    expect([map.get('a'), map.get('a', 50), map.get('a', 51), map.size]).to.deep.equal([1, 1, undefined, 0])
  })

  it('ends also where weights are fractions, which sums round', () => {
    const map = new BoundedMap<number>({ maxEntries: 3, maxBytes: 0.3 })
    for (let at = 0; at < 1000; at += 1) map.set(String(at % 7), at, [0.1, 0.2, 0.3][at % 3] as number)
    expect(map.size).to.be.within(1, 3)
  })

  it('lets entries come and go while its keys are read', () => {
    const map = new BoundedMap<number>(roomy)
    for (const key of ['a', 'b', 'c', 'd']) map.set(key, 1, 1)
    const seen: string[] = []
    for (const key of map.keys()) {
      seen.push(key)
      if (key < 'c') map.delete(key)
      else map.set(key, 2, 2)
    }
    expect([seen, map.size, map.bytes]).to.deep.equal([['a', 'b', 'c', 'd'], 2, 4])
  })

  it('keeps what is being set when it grows to the whole of the bytes', () => {
    const map = new BoundedMap<number>(roomy)
    for (let key = 0; key < 100; key += 1) map.set(String(key), key, 10)
    map.set('7', 7, 1000)
    expect([[...map.keys()], map.peek('7'), map.bytes]).to.deep.equal([['7'], 7, 1000])
  })

  it('lets a scan run through, and leaves what was used', () => {
    const map = new BoundedMap<number>({ maxEntries: 100, maxBytes: 1e6 })
    for (let key = 0; key < 50; key += 1) map.set(String(key), key, 1)
    for (let key = 0; key < 50; key += 1) map.get(String(key))
    for (let key = 0; key < 10_000; key += 1) map.set(`scan ${String(key)}`, key, 1)
    for (let key = 0; key < 50; key += 1) expect(map.peek(String(key))).to.equal(key)
  })

  it('keeps what was used, and not what was only peeked at', () => {
    const map = new BoundedMap<number>({ maxEntries: 100, maxBytes: 1e6 })
    for (let key = 0; key < 100; key += 1) map.set(String(key), key, 1)
    map.get('1')
    map.peek('0')
    map.set('more', 1, 1)
    map.set('and more', 1, 1)
    expect([map.peek('0'), map.peek('1')]).to.deep.equal([undefined, 1])
  })

  it('agrees with a plain Map on all but which entry goes, and lets go of none without need', () => {
    const MAX_BYTES = 60
    const step = fc.record({
      act: fc.constantFrom('set', 'set', 'set', 'set', 'get', 'get', 'delete', 'clear'),
      key: fc.nat(120).map((number) => `key ${String(number)}`),
      bytes: fc.oneof(fc.nat(2), fc.nat(MAX_BYTES + 3)),
      at: fc.nat(20),
    })
    const run = fc.array(step, { maxLength: 400, size: 'max' })
    fc.assert(
      fc.property(run, fc.integer({ min: 1, max: 110 }), (steps, maxEntries) => {
        const model = new Map<string, { value: number; bytes: number; at: number }>()
        const map = new BoundedMap<number>({ maxEntries, maxBytes: MAX_BYTES })
        for (const [value, { act, key, bytes, at }] of steps.entries()) {
          if (act === 'set') {
            expect(map.set(key, value, bytes, at)).to.equal(bytes <= MAX_BYTES)
            model.delete(key)
            if (bytes <= MAX_BYTES) model.set(key, { value, bytes, at })
            const isWithin = model.size <= maxEntries && weightOf(model) <= MAX_BYTES
            const gone = [...model].filter(([each]) => map.peek(each) === undefined)
            for (const [each] of gone) model.delete(each)
            expect(gone.length === 0).to.equal(isWithin)
            // The last one that went was still too much.
            const spared = Math.max(0, ...gone.map(([, { bytes: weight }]) => weight))
            const isShort = model.size + 1 > maxEntries || weightOf(model) + spared > MAX_BYTES
            expect(isWithin || isShort).to.equal(true)
          } else if (act === 'get') {
            if ((model.get(key)?.at ?? Infinity) < at) model.delete(key)
            expect(map.get(key, at)).to.equal(model.get(key)?.value)
          } else if (act === 'delete') expect(map.delete(key)).to.equal(model.delete(key))
          else if (value % 9 === 0) {
            model.clear()
            map.clear()
          }
          expect([...map.keys()].sort()).to.deep.equal([...model.keys()].sort())
          for (const [each, { value: expected, at: deadline }] of model) {
            expect([map.peek(each), map.deadlineOf(each)]).to.deep.equal([expected, deadline])
          }
          expect([map.peek(key), map.deadlineOf(key)]).to.deep.equal([
            model.get(key)?.value,
            model.get(key)?.at ?? -Infinity,
          ])
          expect([map.size, map.bytes]).to.deep.equal([model.size, weightOf(model)])
          expect(map.size).to.be.at.most(maxEntries)
          expect(map.bytes).to.be.at.most(MAX_BYTES)
        }
      }),
      { seed: 7, numRuns: 100 },
    )
  })

  for (const [popularity, shift, atLeast] of [
    ['steady', 0, 0.6],
    ['shifting', 700, 0.54],
  ] as const) {
    it(`hits ${String(atLeast * 100)} % and more at a tenth of 10,000 keys of ${popularity} popularity`, () => {
      const map = new BoundedMap<number>({ maxEntries: 1000, maxBytes: 1e9 })
      let [seed, hits] = [1, 0]
      for (let at = 0; at < 60_000; at += 1) {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
        // The inverse of Zipf's law with an exponent of 0.9, taken as continuous.
        const rank = Math.floor((1 + (seed / 2 ** 32) * (10_000 ** 0.1 - 1)) ** 10)
        const key = String((rank + shift * Math.floor(at / 15_000)) % 10_000)
        if (map.get(key) === undefined) map.set(key, 1, 1)
        else hits += 1
      }
      expect(hits / 60_000).to.be.at.least(atLeast)
    })
  }
})

function weightOf(model: Map<string, { bytes: number }>): number {
  return [...model.values()].reduce((sum, { bytes }) => sum + bytes, 0)
}
