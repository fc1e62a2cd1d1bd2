import { expect } from 'chai'
import fc from 'fast-check'
import {
  encodeRevocation,
  isRestored,
  isSparing,
  joined,
  merged,
  readRevocation,
  refusing,
  restoring,
  sparing,
  timeOf,
  unpackId,
  unpackRevocation,
} from '../../lib/auth/revocation'
import type { PackedRevocation } from '../../lib/auth/revocation'

const ID = '0123456789abcdef0123456789abcdef'
const TIME = 1_800_000_000

describe('The value of a revocation', () => {
  it('is the time itself where nothing was ever taken back', () => {
    expect(refusing(TIME)).to.equal(TIME)
    expect(isRestored(TIME)).to.equal(false)
    expect(timeOf(TIME)).to.equal(TIME)
  })

  it('wins over the one before when it is taken back, whatever the times', () => {
    const back = restoring(refusing(TIME))
    expect(back).to.be.greaterThan(refusing(TIME + 1_000_000))
    expect(isRestored(back)).to.equal(true)
    expect(timeOf(back)).to.equal(TIME)
    expect(restoring(back)).to.equal(back)
  })

  it('wins over what was taken back when it is revoked again by whoever knows of that', () => {
    const again = refusing(TIME, restoring(TIME))
    expect(again).to.be.greaterThan(restoring(TIME))
    expect(isRestored(again)).to.equal(false)
    expect(timeOf(again)).to.equal(TIME)
    expect(refusing(TIME, again)).to.equal(again)
  })

  describe('that spares somebody', () => {
    it('is less than that of the same second that spares nobody, and greater than all before', () => {
      expect(sparing(TIME)).to.be.greaterThan(TIME - 1)
      expect(sparing(TIME)).to.be.lessThan(TIME)
      expect(timeOf(sparing(TIME))).to.equal(TIME)
      expect(timeOf(sparing(0))).to.equal(1)
    })

    it('is never twice the same, and greater each time for whoever knows of the one before', () => {
      for (const first of [
        sparing(TIME),
        sparing(TIME, restoring(TIME)),
        sparing(TIME, 5000 * refusing(0, 2 ** 33)),
      ]) {
        let known = first
        for (let again = 0; again < 50; again += 1) {
          const next = sparing(timeOf(known), known)
          expect(next).to.be.greaterThan(known)
          expect([isSparing(next), isRestored(next)]).to.deep.equal([true, false])
          known = next
        }
      }
      expect(new Set(Array.from({ length: 20 }, () => sparing(TIME))).size).to.be.greaterThan(15)
    })

    it('reaches a second further where one that spares nobody is known of the same second', () => {
      expect(timeOf(sparing(TIME, TIME))).to.equal(TIME + 1)
    })
  })

  it('stays a whole number through a hundred thousand changes', () => {
    let value = refusing(TIME)
    for (let change = 0; change < 100_000; change += 1) value = refusing(TIME, restoring(value))
    expect(Number.isSafeInteger(value)).to.equal(true)
    expect(timeOf(value)).to.equal(TIME)
  })
})

describe('Two revocations of one id', () => {
  it('are the greater value and the later end, in whichever order', () => {
    const [one, other] = [
      { kind: 'token', id: ID, value: 5, until: 7 },
      { kind: 'token', id: ID, value: 6, until: 4 },
    ] as const
    for (const both of [merged(one, other), merged(other, one)])
      expect(both).to.deep.equal({ kind: 'token', id: ID, value: 6, until: 7 })
    expect(merged(one, undefined)).to.equal(one)
  })

  const late = TIME + 100

  it('refuse up to the later time, where who took the earlier one back had not heard of that', () => {
    const back = restoring(TIME)
    expect(joined(late, back)).to.equal(refusing(late, back))
    expect(joined(back, late)).to.equal(refusing(late, back))
    expect(joined(refusing(TIME - 50, back), late)).to.equal(refusing(late, back))
  })

  it('refuse nobody, where who took one back had heard of the other', () => {
    const back = restoring(late)
    for (const heardOf of [TIME, late, sparing(late)]) expect(joined(heardOf, back)).to.equal(back)
  })

  it('are never less than the greater one, which is all that Redis keeps', () => {
    const value = fc
      .integer({ min: 0, max: 20 })
      .chain((version) =>
        fc
          .oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(1.25, 5.5, 5.75))
          .map((time) => version * 2 ** 33 + time),
      )
    fc.assert(
      fc.property(value, value, (one, other) => {
        const both = joined(one, other)
        expect(both).to.be.at.least(Math.max(one, other))
        expect(joined(other, one)).to.equal(both)
        expect(joined(one, both)).to.equal(both)
        expect(joined(one, one)).to.equal(one)
      }),
    )
  })

  it('that spare one token are each of its own cut-off: no third is made of them', () => {
    const spared = { kind: 'exemption', id: ID, until: late } as const
    const [one, other] = [
      { ...spared, value: sparing(late) },
      { ...spared, value: sparing(TIME, restoring(TIME)) },
    ]
    expect(merged(one, other).value).to.equal(other.value)
  })
})

describe('A revocation in a log', () => {
  for (const kind of ['token', 'subject', 'exemption'] as const) {
    it(`comes back as it was: ${kind}`, () => {
      const logged = {
        kind,
        id: ID,
        value: restoring(TIME),
        until: TIME + 60,
        writer: 2 ** 24 - 1,
        change: 2 ** 24 - 1,
      }
      const packed = readRevocation(encodeRevocation(logged)) as PackedRevocation
      expect(packed).to.include({ kind, value: logged.value, until: logged.until })
      expect(unpackRevocation(packed)).to.deep.equal(logged)
      const words = new Int32Array(4)
      unpackId(packed, words)
      expect([...words].map((word) => word >>> 0)).to.deep.equal(
        [0, 8, 16, 24].map((at) => Number.parseInt(ID.slice(at, at + 8), 16)),
      )
    })
  }

  it('is never twice the same', () => {
    const revocation = { kind: 'token' as const, id: ID, value: TIME, until: TIME, writer: 7, change: 1 }
    expect(encodeRevocation(revocation).equals(encodeRevocation(revocation))).to.equal(false)
  })

  it('cannot be read from anything else', () => {
    const sound = encodeRevocation({ kind: 'token', id: ID, value: TIME, until: TIME, writer: 7, change: 1 })
    const unknownKind = Buffer.from(sound).fill(9, 0, 1)
    const noNumber = Buffer.from(sound).fill(0xff, 17, 25)
    for (const bytes of [Buffer.alloc(0), sound.subarray(1), unknownKind, noNumber])
      expect(readRevocation(bytes)).to.equal(undefined)
  })
})
