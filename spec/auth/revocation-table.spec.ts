import { createHash } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import type { PackedRevocation, Revocation } from '../../lib/auth/revocation'
import { encodeRevocation, merged, readRevocation } from '../../lib/auth/revocation'
import { RevocationTable } from '../../lib/auth/revocation-table'

const NOW = 1_800_000_000

describe('A table of revocations', () => {
  let now: number

  beforeEach(() => {
    now = NOW
  })

  function table(capacity = 1000): RevocationTable {
    return new RevocationTable(capacity, () => now)
  }

  function revocation(name: number | string, until = NOW + 60): Revocation {
    return { kind: 'token', id: idOf(name), value: until, until }
  }

  it('does what a Map with merging does, whatever comes in whichever order, and time goes by', () => {
    const step = fc.oneof(
      fc.record({ name: fc.nat(40), value: fc.nat(100), life: fc.nat(100), isLogged: fc.boolean() }),
      fc.record({ pass: fc.nat(20) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        now = NOW
        const [real, model] = [table(), new Map<string, Revocation>()]
        for (const each of steps) {
          if ('pass' in each) {
            now += each.pass
            real.sweep()
            continue
          }
          const said = {
            kind: 'token' as const,
            id: idOf(each.name),
            value: each.value,
            until: now + each.life,
          }
          const known = model.get(said.id)
          const alive = known !== undefined && known.until > now ? known : undefined
          if (said.until > now) model.set(said.id, merged(said, alive))
          if (!each.isLogged || !real.take(logged(said))) real.merge(said)
        }
        const alive = [...model.values()].filter(({ until }) => until > now)
        for (let name = 0; name <= 40; name += 1) {
          const expected = alive.find(({ id }) => id === idOf(name))
          expect(real.get(idOf(name))).to.deep.equal(expected)
          expect(real.find(idOf(name))).to.equal(expected?.value)
        }
        expect([...real.all()]).to.have.deep.members(alive)
        expect(real.count()).to.equal(alive.length)
      }),
    )
  })

  it('keeps ids apart that differ in a single bit', () => {
    const filled = table()
    const first = '00000000000000000000000000000000'
    const others = Array.from(
      { length: 32 },
      (_, digit) => `${first.slice(0, digit)}8${first.slice(digit + 1)}`,
    )
    filled.merge({ kind: 'token', id: first, value: 1, until: NOW + 1 })
    for (const id of others) expect(filled.find(id), id).to.equal(undefined)
    for (const [index, id] of others.entries())
      filled.merge({ kind: 'token', id, value: index, until: NOW + 1 })
    for (const [index, id] of others.entries()) expect(filled.find(id), id).to.equal(index)
    expect([...filled.all()].map(({ id }) => id)).to.have.members([first, ...others])
  })

  it('reads every digit of an id, whatever stands beside it', () => {
    const filled = table()
    const ids = Array.from('0123456789abcdef', (digit) => digit.repeat(32))
    for (const id of ids) filled.merge({ kind: 'token', id, value: 1, until: NOW + 1 })
    expect([...filled.all()].map(({ id }) => id)).to.have.members(ids)
  })

  it('keeps ids apart that begin alike, and those that are nothing but zeros', () => {
    const filled = table()
    const ids = ['', '1', 'f'].flatMap((end) =>
      ['0', 'ab'].map((begin) => begin.padEnd(32 - end.length, '0') + end),
    )
    for (const [index, id] of ids.entries()) {
      expect(filled.find(id), id).to.equal(undefined)
      filled.merge({ kind: 'token', id, value: index, until: NOW + 1 })
    }
    expect(ids.map((id) => filled.find(id))).to.deep.equal([...ids.keys()])
  })

  it('takes as many as its capacity, and what it has already', () => {
    const filled = table(2)
    expect(filled.merge(revocation(1))).not.to.equal(undefined)
    expect(filled.merge(revocation(2))).not.to.equal(undefined)
    expect(filled.merge(revocation(3))).to.equal(undefined)
    expect(filled.merge(revocation(2, NOW + 90))).to.include({ until: NOW + 90 })
  })

  it('takes over from a log what is new, and what says what is known; the rest is to be merged', () => {
    const filled = table(2)
    const id = idOf(1)
    expect(filled.take(logged(revocation(1)))).to.equal(true)
    expect(filled.take(logged(revocation(1)))).to.equal(true)
    expect(filled.get(id)).to.deep.equal(revocation(1))
    for (const change of [{ value: NOW }, { value: NOW + 90 }, { until: NOW + 90 }])
      expect(filled.take(logged({ ...revocation(1), ...change }))).to.equal(false)
    expect(filled.take(logged({ ...revocation(1), until: NOW + 30 }))).to.equal(true)
    expect(filled.get(id)).to.deep.equal(revocation(1))
  })

  it('takes over from a log no more than its capacity, and in the place of the dead', () => {
    const filled = table(1)
    expect(filled.take(logged(revocation(1)))).to.equal(true)
    expect(filled.take(logged(revocation(2)))).to.equal(false)
    expect(filled.take(logged(revocation(3, NOW)))).to.equal(true)
    expect(filled.find(idOf(3))).to.equal(undefined)
    now = NOW + 60
    expect(filled.take(logged({ ...revocation(1, NOW + 90), value: 1 }))).to.equal(true)
    expect(filled.get(idOf(1))).to.include({ value: 1, until: NOW + 90 })
  })

  it('knows that there may be cut-offs of subjects once it has one, however it came by it', () => {
    const subject = (name: number): Revocation => ({ ...revocation(name), kind: 'subject' })
    const [told, read] = [table(), table()]
    for (const each of [told, read]) expect(each.hasSubjects).to.equal(false)
    told.merge(revocation(1))
    read.take(logged(revocation(1)))
    for (const each of [told, read]) expect(each.hasSubjects).to.equal(false)
    told.merge(subject(2))
    read.take(logged(subject(2)))
    for (const each of [told, read]) expect(each.hasSubjects).to.equal(true)
  })

  it('forgets each at the very second that it ends, and is full of it until then', () => {
    const filled = table(1)
    filled.merge(revocation(1))
    now = NOW + 59.999
    expect(filled.get(idOf(1))).to.deep.equal(revocation(1))
    expect(filled.find(idOf(1))).to.equal(NOW + 60)
    expect(filled.count()).to.equal(1)
    expect([...filled.all()]).to.have.lengthOf(1)
    filled.sweep()
    now = NOW + 60
    expect(filled.get(idOf(1))).to.equal(undefined)
    expect(filled.find(idOf(1))).to.equal(undefined)
    expect(filled.count()).to.equal(0)
    expect([...filled.all()]).to.deep.equal([])
    expect(filled.merge(revocation(2, NOW + 60)), 'what ends now').to.include({ until: NOW + 60 })
    expect(filled.find(idOf(2))).to.equal(undefined)
    expect(filled.merge({ ...revocation(1, NOW + 61), value: 1 })).to.include({ value: 1 })
    expect(filled.get(idOf(1))).to.include({ value: 1, until: NOW + 61 })
  })

  it('has room again when one has died', () => {
    const filled = table(1)
    filled.merge(revocation(1))
    now += 61
    expect(filled.merge(revocation(2, NOW + 120))).not.to.equal(undefined)
    expect(filled.count()).to.equal(1)
  })

  for (const way of ['merge', 'take'] as const) {
    it(`finds what it has taken in the place of many that had died: ${way}`, () => {
      // All of them side by side: what gives room back moves the others.
      const beside = (name: number, until: number): Revocation => {
        const said = revocation(name, until)
        return { ...said, id: `00${said.id.slice(2)}` }
      }
      const filled = table(100)
      for (let name = 0; name < 100; name += 1) filled.merge(beside(name, NOW + (name < 90 ? 60 : 600)))
      now += 61
      const late = Array.from({ length: 90 }, (_, index) => beside(100 + index, NOW + 600))
      for (const each of late) {
        if (way === 'merge') filled.merge(each)
        else filled.take(logged(each))
      }
      for (const each of late) expect(filled.get(each.id)).to.deep.equal(each)
      expect(filled.count()).to.equal(100)
    })
  }

  it('gives the room of the dead back in time', () => {
    const filled = table(100_000)
    for (let name = 0; name < 20_000; name += 1) filled.merge(revocation(name))
    const full = filled.bytes
    now += 61
    for (let round = 0; round < 32; round += 1) filled.sweep()
    expect(filled.bytes).to.be.lessThan(full / 10)
  })

  it('tells those that were heard of since from those that were not', () => {
    const filled = table()
    for (const name of [1, 2, 3]) filled.merge(revocation(name))
    filled.beginGeneration()
    filled.merge(revocation(2))
    const unheard = filled.unheard()
    expect(unheard.next().done).to.equal(false)
    filled.merge(revocation(1))
    filled.merge(revocation(3))
    expect([...unheard]).to.deep.equal([])
    filled.beginGeneration()
    expect([...filled.unheard()].map(({ id }) => id)).to.have.members([idOf(1), idOf(2), idOf(3)])
  })

  it('forgets nothing within its life that lies beyond the year 2106', () => {
    const filled = table()
    filled.merge(revocation(1, NOW + 99 * 366 * 86_400))
    expect(filled.find(idOf(1))).to.equal(NOW + 99 * 366 * 86_400)
  })

  it('takes at most 60 bytes for each of 100,000', () => {
    const filled = table(100_000)
    for (let name = 0; name < 100_000; name += 1) filled.merge(revocation(name))
    expect(filled.bytes / 100_000).to.be.lessThan(60)
  })
})

/** As a log has it. */
function logged(revocation: Revocation): PackedRevocation {
  return readRevocation(encodeRevocation({ ...revocation, writer: 1, change: 1 })) as PackedRevocation
}

function idOf(name: number | string): string {
  return createHash('sha256').update(String(name)).digest('hex').slice(0, 32)
}
