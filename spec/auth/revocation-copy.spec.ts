import { expect } from 'chai'
import type { Revocation } from '../../lib/auth/revocation'
import { isRestored, isSparing, refusing, restoring, sparing, timeOf } from '../../lib/auth/revocation'
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

  it('knows what it was told, until it no longer matters', () => {
    const [own, foreign] = [revocation(1), revocation(2)]
    copy.note(own)
    copy.read(foreign, false)
    expect([own, foreign].map(({ id }) => copy.find(id))).to.deep.equal([own.value, foreign.value])
    clock.advance(60_000)
    expect([own, foreign].map(({ id }) => copy.find(id))).to.deep.equal([undefined, undefined])
  })

  it('is to hand on what is its own, and nothing that it has learnt', () => {
    copy.note(revocation(1))
    copy.read(revocation(2), false)
    copy.learn(revocation(3))
    expect(copy.unsettled()).to.deep.equal([revocation(1)])
    expect(copy.countUnacknowledged()).to.equal(1)
  })

  it('takes an acknowledgement for what was sent, and not for what has been added since', () => {
    const first = copy.note(revocation(1))
    copy.note(revocation(1, 90))
    copy.acknowledge([first as Revocation], 5)
    expect(copy.countUnacknowledged()).to.equal(1)
    copy.acknowledge([revocation(1, 90)], 5)
    expect(copy.countUnacknowledged()).to.equal(0)
  })

  it('hands on again what was acknowledged and does not show in the log that was read later', () => {
    copy.note(revocation(1))
    copy.acknowledge([revocation(1)], 5)
    expect(copy.unsettled(5)).to.deep.equal([])
    expect(copy.unsettled(6)).to.deep.equal([revocation(1)])
    copy.read(revocation(1), true)
    expect(copy.unsettled(Infinity)).to.deep.equal([])
  })

  it('does not take what the log says of an earlier end for its own', () => {
    copy.note(revocation(1, 90))
    copy.read(revocation(1, 60), false)
    expect(copy.unsettled()).to.deep.equal([revocation(1, 90)])
  })

  it('is done with what was acknowledged where there is no log', () => {
    copy.note(revocation(1))
    copy.settle([revocation(1)])
    expect(copy.unsettled(Infinity)).to.deep.equal([])
  })

  it('stays revoked where another took back what this one was revoking, and tells the others', () => {
    copy.note(revocation(1))
    copy.read({ ...revocation(1), value: restoring(revocation(1).value) }, false)
    const now = copy.find(revocation(1).id)
    expect(now).to.satisfy((value: number) => !isRestored(value) && value > restoring(revocation(1).value))
    expect(copy.unsettled().map(({ value }) => value)).to.deep.equal([now])
  })

  it('lets others take back what this one has revoked, once the log has shown it', () => {
    copy.note(revocation(1))
    copy.read(revocation(1), true)
    copy.read({ ...revocation(1), value: restoring(revocation(1).value) }, false)
    expect(copy.find(revocation(1).id)).to.satisfy(isRestored)
    expect(copy.unsettled()).to.deep.equal([])
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
      for (const learn of [() => copy.note(cutOff(now)), () => copy.read(cutOff(now), false)]) {
        copy = new RevocationCopy(10, clock)
        learn()
        const told = copy.read(cutOff(restoring(now - 100)), false)
        expect(told).to.deep.equal([cutOff(refusing(now, restoring(now)))])
        expect(copy.find(id)).to.equal(told[0]?.value)
        expect(copy.unsettled()).to.deep.equal(told)
      }
    })

    it('nobody is told what the log says anyway', () => {
      expect(copy.read(cutOff(now), false)).to.deep.equal([])
      expect(copy.read(cutOff(now - 100), false)).to.deep.equal([])
      expect(copy.read(cutOff(restoring(now)), false)).to.deep.equal([])
      expect(copy.unsettled()).to.deep.equal([])
    })

    it('what was revoked elsewhere is not taken back by whoever was apart', () => {
      copy.read(revocation(1), false)
      copy.note({ ...revocation(1), value: restoring(revocation(1).value) }, true)
      copy.read(revocation(1), true)
      expect(copy.find(revocation(1).id)).to.satisfy(isRestored)
      const told = copy.read(revocation(1), false)
      expect(told).to.have.lengthOf(1)
      expect(copy.find(revocation(1).id)).to.satisfy((value: number) => !isRestored(value))
    })

    it('what stands in the log already may be taken back by whoever is not', () => {
      copy.note({ ...revocation(1), value: restoring(revocation(1).value) })
      expect(copy.read(revocation(1), false)).to.deep.equal([])
      expect(copy.find(revocation(1).id)).to.satisfy(isRestored)
    })

    it('what another revoked as well, and took back, stays revoked by this one', () => {
      copy.note(revocation(1))
      copy.read(revocation(1), false)
      copy.read({ ...revocation(1), value: restoring(revocation(1).value) }, false)
      expect(copy.find(revocation(1).id)).to.satisfy((value: number) => !isRestored(value))
    })

    it('a key that says it was taken back is not believed, before the log has shown what was first', () => {
      const back = { ...revocation(1), value: restoring(revocation(1).value) }
      copy.note(revocation(1))
      expect(copy.learn(back)).to.equal(revocation(1).value)
      expect(copy.find(back.id)).to.equal(revocation(1).value)
      copy.read(revocation(1), true)
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
      const [told] = copy.read(cutOff(sparing(now + 1)), false)
      expect(told?.value).to.equal(now + 1)
      copy.read(cutOff(now + 1), true)
      expect(copy.unsettled()).to.deep.equal([])
    })

    it('of two of a second that spare different tokens the one that stands behind holds, and its exemption', () => {
      const own = sparing(now)
      copy.note(exemption(own))
      copy.note(cutOff(own))
      const told = copy.read(cutOff(sparing(now, own)), false)
      expect(told.map(({ kind }) => kind)).to.deep.equal(['exemption', 'subject'])
      expect(copy.find(exempt)).to.equal(copy.find(id))
      expect(copy.find(id)).to.satisfy(isSparing)
      expect(timeOf(copy.find(id) ?? 0)).to.equal(now)
    })

    it('of two that spare different tokens the one of a later second holds', () => {
      const [own, later] = [sparing(now), sparing(now + 1)]
      copy.note(exemption(own))
      copy.note(cutOff(own))
      expect(copy.read(cutOff(later), false)).to.deep.equal([])
      expect([copy.find(id), copy.find(exempt)]).to.deep.equal([later, own])
    })
  })

  it('is whole until it had no room for something, and again when it is read anew with room', () => {
    copy = new RevocationCopy(1, clock)
    copy.read(revocation(1), false)
    expect(copy.isWhole).to.equal(true)
    copy.read(revocation(2), false)
    expect([copy.isWhole, copy.hasRoomAgain]).to.deep.equal([false, false])
    expect(copy.note(revocation(3))).to.equal(undefined)
    clock.advance(60_000)
    // The look for the dead is taken when something new comes.
    for (let round = 0; round < 32; round += 1) copy.sweep()
    expect([copy.isWhole, copy.hasRoomAgain]).to.deep.equal([false, true])
    copy.beginReading()
    expect(copy.isWhole).to.equal(true)
  })
})
