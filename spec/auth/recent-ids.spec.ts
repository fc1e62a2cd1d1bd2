import { expect } from 'chai'
import sinon from 'sinon'
import { RecentIds } from '../../lib/auth/recent-ids'

describe('RecentIds', () => {
  const make = sinon.spy((jti: string, iss: string | undefined) => `${jti} of ${String(iss)}`)
  let ids: RecentIds

  const ask = (jti: string, iss?: string): string => ids.idOf(jti, iss, make)
  const askForOthers = (count: number): void => {
    for (let number = 0; number < count; number += 1) ask(String(number))
  }

  beforeEach(() => {
    ids = new RecentIds()
    make.resetHistory()
  })

  it('makes the id of a token once', () => {
    expect([ask('a', 'one'), ask('a', 'one')]).to.deep.equal(['a of one', 'a of one'])
    expect(make.callCount).to.equal(1)
  })

  it('makes another one for the same jti of another issuer, and of none', () => {
    expect([ask('a', 'one'), ask('a', 'two'), ask('a')]).to.deep.equal([
      'a of one',
      'a of two',
      'a of undefined',
    ])
  })

  it('knows most of a thousand', () => {
    askForOthers(1000)
    make.resetHistory()
    askForOthers(1000)
    expect(make.callCount).to.be.below(400)
  })

  it('forgets most of a great many: what it keeps is bounded', () => {
    askForOthers(50_000)
    make.resetHistory()
    askForOthers(50_000)
    expect(make.callCount).to.be.above(45_000)
  })

  it('keeps none that is long', () => {
    const long = 'x'.repeat(257)
    expect([ask(long), ask(long)]).to.deep.equal([`${long} of undefined`, `${long} of undefined`])
    expect(make.callCount).to.equal(2)
  })
})
