import { expect } from 'chai'
import type { Revocation } from '../../lib/auth/revocation'
import { isRestored, refusing, restoring, timeOf } from '../../lib/auth/revocation'
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
    copy.read(foreign)
    expect([own, foreign].map(({ id }) => copy.find(id))).to.deep.equal([own.value, foreign.value])
    clock.advance(60_000)
    expect([own, foreign].map(({ id }) => copy.find(id))).to.deep.equal([undefined, undefined])
  })

  it('is to hand on what is its own, and nothing that it has learnt', () => {
    copy.note(revocation(1))
    copy.read(revocation(2))
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
    copy.read(revocation(1))
    expect(copy.unsettled(Infinity)).to.deep.equal([])
  })

  it('does not take what the log says of an earlier end for its own', () => {
    copy.note(revocation(1, 90))
    copy.read(revocation(1, 60))
    expect(copy.unsettled()).to.deep.equal([revocation(1, 90)])
  })

  it('is done with what was acknowledged where there is no log', () => {
    copy.note(revocation(1))
    copy.settle([revocation(1)])
    expect(copy.unsettled(Infinity)).to.deep.equal([])
  })

  it('stays revoked where another took back what this one was revoking, and tells the others', () => {
    copy.note(revocation(1))
    copy.read({ ...revocation(1), value: restoring(revocation(1).value) })
    const now = copy.find(revocation(1).id)
    expect(now).to.satisfy((value: number) => !isRestored(value) && value > restoring(revocation(1).value))
    expect(copy.unsettled().map(({ value }) => value)).to.deep.equal([now])
  })

  it('keeps the later cut-off of its own under a later version that the log has of an earlier one', () => {
    const id = '1'.padStart(32, '0')
    const until = clock.seconds + 3600
    const cutOff = (value: number): Revocation => ({ kind: 'subject', id, value, until })
    const [early, late] = [clock.seconds - 100, clock.seconds]
    copy.note(cutOff(late))
    copy.read(cutOff(refusing(early, restoring(early))))
    expect(timeOf(copy.find(id) ?? 0)).to.equal(late)
    expect(copy.unsettled().map(({ value }) => timeOf(value))).to.deep.equal([late])
  })

  it('lets others take back what this one has revoked, once the log has shown it', () => {
    copy.note(revocation(1))
    copy.read(revocation(1))
    copy.read({ ...revocation(1), value: restoring(revocation(1).value) })
    expect(copy.find(revocation(1).id)).to.satisfy(isRestored)
    expect(copy.unsettled()).to.deep.equal([])
  })

  it('is whole until it had no room for something, and again when it is read anew with room', () => {
    copy = new RevocationCopy(1, clock)
    copy.read(revocation(1))
    expect(copy.isWhole).to.equal(true)
    copy.read(revocation(2))
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
