import { expect } from 'chai'
import {
  decodeRevocation,
  encodeRevocation,
  isRestored,
  merged,
  refusing,
  renewed,
  restoring,
  timeOf,
} from '../../lib/auth/revocation'
import type { Revocation } from '../../lib/auth/revocation'

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

  it('is another, and greater, when it is renewed, and says the same', () => {
    expect(renewed(TIME)).to.be.greaterThan(restoring(TIME))
    expect(isRestored(renewed(TIME))).to.equal(false)
    expect(timeOf(renewed(TIME))).to.equal(TIME)
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
})

describe('A revocation in a log', () => {
  for (const kind of ['token', 'subject', 'exemption'] as const) {
    it(`comes back as it was: ${kind}`, () => {
      const revocation: Revocation = { kind, id: ID, value: restoring(TIME), until: TIME + 60 }
      expect(decodeRevocation(encodeRevocation(revocation))).to.deep.equal(revocation)
    })
  }

  it('is never twice the same', () => {
    const revocation: Revocation = { kind: 'token', id: ID, value: TIME, until: TIME }
    expect(encodeRevocation(revocation).equals(encodeRevocation(revocation))).to.equal(false)
  })

  it('cannot be read from anything else', () => {
    const sound = encodeRevocation({ kind: 'token', id: ID, value: TIME, until: TIME })
    const unknownKind = Buffer.from(sound).fill(9, 0, 1)
    const noNumber = Buffer.from(sound).fill(0xff, 17, 25)
    for (const bytes of [Buffer.alloc(0), sound.subarray(1), unknownKind, noNumber])
      expect(decodeRevocation(bytes)).to.equal(undefined)
  })
})
