import { expect } from 'chai'
import type { PackedRevocation, Revocation } from '../../lib/auth/revocation'
import {
  encodeRevocation,
  isRestored,
  isSparing,
  readRevocation,
  refusing,
  restoring,
  sparing,
  timeOf,
} from '../../lib/auth/revocation'
import { RevocationCopy } from '../../lib/auth/revocation-copy'
import { ManualClock } from '../support/manual-clock'

describe('A copy of revocations', () => {
  let clock: ManualClock
  let copy: RevocationCopy

  beforeEach(() => {
    clock = new ManualClock('2026-03-01T10:00:00Z')
    copy = new RevocationCopy(10, clock)
  })

  function revocation(name: number, life = 60): Revocation {
    const until = clock.seconds + life
    return { kind: 'token', id: String(name).padStart(32, '0'), value: until, until }
  }

  /** Notes a change, and gives it as it is sent. */
  function noted(revocation: Revocation): Revocation {
    return copy.note(revocation) as Revocation
  }

  it('tells Redis nothing that no longer matters, however it was sent', () => {
    const [unsent, sent, later] = [revocation(1), revocation(2), revocation(3, 90)].map(noted)
    copy.acknowledge([sent as Revocation], 5)
    clock.advance(60_000)
    copy.sweep()
    expect(copy.unsettled(10)).to.deep.equal([later])
    copy.acknowledge([unsent as Revocation], 15)
    expect(copy.unsettled(20)).to.deep.equal([later])
  })

  it('knows what it was told, until it no longer matters', () => {
    const [own, foreign] = [revocation(1), revocation(2)]
    copy.note(own)
    copy.read(foreign, undefined)
    expect([own, foreign].map(({ id }) => copy.find(id))).to.deep.equal([own.value, foreign.value])
    clock.advance(60_000)
    expect([own, foreign].map(({ id }) => copy.find(id))).to.deep.equal([undefined, undefined])
  })

  it('is to hand on what is its own, and nothing that it has learnt', () => {
    copy.note(revocation(1))
    copy.read(revocation(2), undefined)
    copy.learn(revocation(3))
    expect(bare(copy.unsettled())).to.deep.equal([revocation(1)])
    expect(copy.countUnacknowledged()).to.equal(1)
  })

  it('takes an acknowledgement for what was sent, and not for what has been added since', () => {
    const [first, second, third] = [60, 90, 90].map((life) => noted(revocation(1, life)))
    for (const earlier of [first, second]) {
      copy.acknowledge([earlier as Revocation], 5)
      expect(copy.countUnacknowledged()).to.equal(1)
    }
    copy.acknowledge([third as Revocation], 5)
    expect(copy.countUnacknowledged()).to.equal(0)
  })

  it('hands on again what was acknowledged and does not show in the log that was read later', () => {
    const own = noted(revocation(1))
    copy.acknowledge([own], 5)
    expect(bare(copy.unsettled(5))).to.deep.equal([])
    expect(bare(copy.unsettled(6))).to.deep.equal([revocation(1)])
    copy.read(own, own.change)
    expect(bare(copy.unsettled(Infinity))).to.deep.equal([])
  })

  it('hands on what it has learnt from under a key, which the log has not said by then', () => {
    copy.learn(revocation(1))
    copy.learn(revocation(2, 90))
    expect(copy.unsettled(-1)).to.deep.equal([])
    expect(copy.countUnacknowledged()).to.equal(0)
    expect(bare(copy.unsettled(Infinity))).to.deep.equal([revocation(1), revocation(2, 90)])
    copy.read(revocation(2, 80), undefined)
    copy.read(revocation(1), undefined)
    expect(bare(copy.unsettled(Infinity))).to.deep.equal([revocation(2, 90)])
    copy.readPacked(packed(revocation(2, 90)), 1, clock.seconds)
    expect(copy.unsettled(Infinity)).to.deep.equal([])
    copy.learn(revocation(2, 90))
    expect(copy.unsettled(Infinity), 'what the log has said').to.deep.equal([])
  })

  it('hands on nothing that it has learnt and no longer matters, or where there is no log', () => {
    copy.learn(revocation(1))
    clock.advance(60_000)
    copy.sweep()
    expect(copy.unsettled(Infinity)).to.deep.equal([])
    copy.learn(revocation(2))
    copy.expectNoLog()
    copy.learn(revocation(3))
    expect(copy.unsettled(Infinity)).to.deep.equal([])
    expect(copy.find(revocation(2).id)).to.equal(revocation(2).value)
  })

  it('does not take what the log says of an earlier change for a later one, though they are alike', () => {
    const [first] = [noted(revocation(1)), noted(revocation(1))]
    copy.read(first, first.change)
    expect(bare(copy.unsettled())).to.deep.equal([revocation(1)])
  })

  it('is done with what was acknowledged where there is no log', () => {
    copy.settle([noted(revocation(1))])
    expect(bare(copy.unsettled(Infinity))).to.deep.equal([])
  })

  it('stays revoked where another took back what this one was revoking, and tells the others', () => {
    copy.note(revocation(1))
    copy.read({ ...revocation(1), value: restoring(revocation(1).value) }, undefined)
    const now = copy.find(revocation(1).id)
    expect(now).to.satisfy((value: number) => !isRestored(value) && value > restoring(revocation(1).value))
    expect(copy.unsettled().map(({ value }) => value)).to.deep.equal([now])
  })

  it('lets others take back what this one has revoked, once the log has shown it', () => {
    const own = noted(revocation(1))
    copy.read(own, own.change)
    copy.read({ ...revocation(1), value: restoring(revocation(1).value) }, undefined)
    expect(copy.find(revocation(1).id)).to.satisfy(isRestored)
    expect(bare(copy.unsettled())).to.deep.equal([])
  })

  describe('joins what was done without knowing of each other:', () => {
    const [id, exempt] = ['1'.padStart(32, '0'), '2'.padStart(32, '0')]
    let now: number

    beforeEach(() => {
      now = clock.seconds
    })

    function cutOff(value: number): Revocation {
      return { kind: 'subject', id, value, until: clock.seconds + 3600 }
    }

    function exemption(value: number): Revocation {
      return { ...cutOff(value), kind: 'exemption', id: exempt }
    }

    it('a later cut-off holds under the withdrawal of an earlier one, and the others are told', () => {
      for (const learn of [() => copy.note(cutOff(now)), () => copy.read(cutOff(now), undefined)]) {
        copy = new RevocationCopy(10, clock)
        learn()
        const told = copy.read(cutOff(restoring(now - 100)), undefined)
        expect(bare(told)).to.deep.equal([cutOff(refusing(now, restoring(now)))])
        expect(copy.find(id)).to.equal(told[0]?.value)
        expect(copy.unsettled()).to.deep.equal(told)
      }
    })

    it('nobody is told what the log says anyway', () => {
      expect(copy.read(cutOff(now), undefined)).to.deep.equal([])
      expect(copy.read(cutOff(now - 100), undefined)).to.deep.equal([])
      expect(copy.read(cutOff(restoring(now)), undefined)).to.deep.equal([])
      expect(bare(copy.unsettled())).to.deep.equal([])
    })

    it('what was revoked elsewhere, and not only written back, is not taken back by whoever was apart', () => {
      copy.read(revocation(1), undefined)
      copy.note({ ...revocation(1), value: restoring(revocation(1).value) }, true)
      copy.read(revocation(1), 0)
      copy.read({ ...revocation(1), change: 0 }, undefined)
      expect(copy.find(revocation(1).id)).to.satisfy(isRestored)
      const told = copy.read({ ...revocation(1), change: 7 }, undefined)
      expect(told).to.have.lengthOf(1)
      expect(copy.find(revocation(1).id)).to.satisfy((value: number) => !isRestored(value))
    })

    it('what stands in the log already may be taken back by whoever is not', () => {
      copy.note({ ...revocation(1), value: restoring(revocation(1).value) })
      expect(copy.read(revocation(1), undefined)).to.deep.equal([])
      expect(copy.find(revocation(1).id)).to.satisfy(isRestored)
    })

    it('what another revoked as well, and took back, stays revoked by this one', () => {
      copy.note(revocation(1))
      copy.read(revocation(1), undefined)
      copy.read({ ...revocation(1), value: restoring(revocation(1).value) }, undefined)
      expect(copy.find(revocation(1).id)).to.satisfy((value: number) => !isRestored(value))
    })

    it('a key that says it was taken back is not believed, before the log has shown what was first', () => {
      const back = { ...revocation(1), value: restoring(revocation(1).value) }
      const own = noted(revocation(1))
      expect(copy.learn(back)).to.equal(revocation(1).value)
      expect(copy.find(back.id)).to.equal(revocation(1).value)
      copy.read(own, own.change)
      expect(copy.learn(back)).to.equal(back.value)
      expect(copy.find(back.id)).to.equal(back.value)
    })

    it('a key that says it was revoked again is believed at once', () => {
      const back = { ...revocation(1), value: restoring(revocation(1).value) }
      const again = { ...back, value: refusing(back.until, back.value) }
      copy.note(back, true)
      expect(copy.learn(again)).to.equal(again.value)
      expect(copy.find(back.id)).to.equal(again.value)
    })

    it('whom another spared is refused by a cut-off that stands behind it in the log', () => {
      copy.note(cutOff(now))
      const [told] = copy.read(cutOff(sparing(now + 1)), undefined)
      expect(told?.value).to.equal(now + 1)
      copy.read(cutOff(now + 1), told?.change)
      expect(bare(copy.unsettled())).to.deep.equal([])
    })

    it('of two of a second that spare different tokens the one that stands behind holds, and its exemption', () => {
      const own = sparing(now)
      copy.note(exemption(own))
      copy.note(cutOff(own))
      const told = copy.read(cutOff(sparing(now, own)), undefined)
      expect(told.map(({ kind }) => kind)).to.deep.equal(['exemption', 'subject'])
      expect(copy.find(exempt)).to.equal(copy.find(id))
      expect(copy.find(id)).to.satisfy(isSparing)
      expect(timeOf(copy.find(id) ?? 0)).to.equal(now)
    })

    it('of two that spare different tokens the one of a later second holds', () => {
      const [own, later] = [sparing(now), sparing(now + 1)]
      copy.note(exemption(own))
      copy.note(cutOff(own))
      expect(copy.read(cutOff(later), undefined)).to.deep.equal([])
      expect([copy.find(id), copy.find(exempt)]).to.deep.equal([later, own])
    })
  })

  it('is not whole where it had no room for what it looked up', () => {
    copy = new RevocationCopy(1, clock)
    copy.learn(revocation(1))
    expect(copy.isWhole).to.equal(true)
    expect(copy.learn(revocation(2))).to.equal(revocation(2).value)
    expect(copy.isWhole).to.equal(false)
  })

  it('is whole until it had no room for something, and again when it is read anew with room', () => {
    copy = new RevocationCopy(1, clock)
    copy.read(revocation(1), undefined)
    expect(copy.isWhole).to.equal(true)
    copy.read(revocation(2), undefined)
    expect([copy.isWhole, copy.hasRoomAgain]).to.deep.equal([false, false])
    expect(copy.note(revocation(3, 90))).to.equal(undefined)
    clock.advance(60_000)
    // The look for the dead is taken when something new comes.
    for (let round = 0; round < 32; round += 1) copy.sweep()
    expect([copy.isWhole, copy.hasRoomAgain]).to.deep.equal([false, true])
    copy.beginReading()
    expect(copy.isWhole).to.equal(true)
  })

  it('is whole again once nothing matters any more for which it had no room', () => {
    copy = new RevocationCopy(1, clock)
    copy.note(revocation(1, 120))
    expect(copy.note(revocation(2, 90))).to.equal(undefined)
    expect(copy.note(revocation(3, 60))).to.equal(undefined)
    clock.advance(89_000)
    expect(copy.isWhole).to.equal(false)
    clock.advance(1000)
    expect(copy.isWhole).to.equal(true)
  })
})

/** Revocations, whichever changes they are. */
function bare(revocations: readonly Revocation[]): Revocation[] {
  return revocations.map(({ kind, id, value, until }) => ({ kind, id, value, until }))
}

/** As a log has it, written by another process. */
function packed(revocation: Revocation): PackedRevocation {
  return readRevocation(encodeRevocation({ ...revocation, writer: 2, change: 1 })) as PackedRevocation
}
