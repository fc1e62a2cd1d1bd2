import { expect } from 'chai'
import fc from 'fast-check'
import { NO_ROW, Sieve } from '../../lib/cache/sieve'

/** The same as the paper has it: a list from the oldest to the newest, and a hand that goes along it. */
class Model {
  readonly rows: number[] = []
  readonly used = new Set<number>()
  hand = 0

  add(row: number): void {
    this.rows.push(row)
    this.used.delete(row)
  }

  remove(row: number): void {
    const at = this.rows.indexOf(row)
    this.rows.splice(at, 1)
    if (at < this.hand) this.hand -= 1
    if (this.hand === this.rows.length) this.hand = 0
  }

  next(): number {
    for (;;) {
      const row = this.rows[this.hand]
      if (row === undefined) return NO_ROW
      if (!this.used.delete(row)) return row
      this.hand = (this.hand + 1) % this.rows.length
    }
  }
}

describe('Sieve', () => {
  it('has nobody go where there is nobody', () => {
    expect(new Sieve().next()).to.equal(NO_ROW)
  })

  it('gives free rows again before new ones', () => {
    const sieve = new Sieve()
    expect([sieve.add(), sieve.add(), sieve.add()]).to.deep.equal([0, 1, 2])
    sieve.remove(1)
    sieve.remove(0)
    expect([sieve.add(), sieve.add(), sieve.add()].sort()).to.deep.equal([0, 1, 3])
  })

  it('has those go whom the paper has go, whatever comes, is used and is taken out', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constant('add' as const) },
      { weight: 2, arbitrary: fc.constant('next' as const) },
      { weight: 4, arbitrary: fc.record({ use: fc.nat(200) }) },
      { weight: 2, arbitrary: fc.record({ remove: fc.nat(200) }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
        const sieve = new Sieve()
        const model = new Model()
        // Nearly as many as there is room for at first.
        for (let row = 0; row < 60; row += 1) model.add(sieve.add())
        for (const one of steps) {
          if (one === 'add') model.add(sieve.add())
          else if (one === 'next') {
            const row = sieve.next()
            expect(row).to.equal(model.next())
            if (row === NO_ROW) continue
            sieve.remove(row)
            model.remove(row)
          } else {
            const row = model.rows[('use' in one ? one.use : one.remove) % model.rows.length]
            if (row === undefined) continue
            if ('use' in one) {
              sieve.used[row] = 1
              model.used.add(row)
            } else {
              sieve.remove(row)
              model.remove(row)
            }
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})
