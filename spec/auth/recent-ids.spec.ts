import { expect } from 'chai'
import sinon from 'sinon'
import { RecentIds } from '../../lib/auth/recent-ids'

describe('RecentIds', () => {
  const make = sinon.spy((jti: string, iss: string | undefined) => `${jti} of ${String(iss)}`)
  let ids: RecentIds

  const ask = (jti: string, iss?: string): string => ids.idOf(jti, iss, make)
  const askForOthers = (count: number, from = 0): void => {
    for (let number = from; number < from + count; number += 1) ask(String(number))
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

  it('knows it after a thousand others', () => {
    ask('a')
    askForOthers(1500)
    make.resetHistory()
    ask('a')
    expect(make.callCount).to.equal(0)
  })

  it('has forgotten it after a few thousand: what it keeps is bounded', () => {
    ask('a')
    askForOthers(3000)
    make.resetHistory()
    ask('a')
    expect(make.callCount).to.equal(1)
  })
})
