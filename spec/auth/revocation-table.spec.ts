import { createHash } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import type { Revocation } from '../../lib/auth/revocation'
import { merged } from '../../lib/auth/revocation'
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
      fc.record({ name: fc.nat(40), value: fc.nat(100), life: fc.nat(100) }),
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
          real.merge(said)
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

  it('has room again when one has died', () => {
    const filled = table(1)
    filled.merge(revocation(1))
    now += 61
    expect(filled.merge(revocation(2, NOW + 120))).not.to.equal(undefined)
    expect(filled.count()).to.equal(1)
  })

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

function idOf(name: number | string): string {
  return createHash('sha256').update(String(name)).digest('hex').slice(0, 32)
}
