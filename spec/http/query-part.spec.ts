import { expect } from 'chai'
import type { QueryOption } from '../../lib/http/query-part'
import { withQuery } from '../../lib/http/query-part'

describe('withQuery', () => {
  const cases: [url: string, query: QueryOption, expected: string][] = [
    ['/a?b=2&a=1', 'as-sent', '/a?b=2&a=1'],
    ['/a?b=2&a=1', 'sorted', '/a?a=1&b=2'],
    ['/a?b=2&a=1&b=1', 'sorted', '/a?a=1&b=2&b=1'],
    ['/a?utm=x&page=2', ['page'], '/a?page=2'],
    ['/a?utm=x', ['page'], '/a'],
    ['/a?utm=x /admin', ['page'], '/a /admin'],
    ['/a?utm=x /b?utm=y&page=1', ['page'], '/a /b?page=1'],
    ['/a?b=2&a=1 /c?d=1&c=2', 'sorted', '/a?a=1&b=2 /c?c=2&d=1'],
    ['/a', ['page'], '/a'],
    ['/a?b=1&page=2&a=0', ['a', 'b'], '/a?a=0&b=1'],
    // What is read of these is for the parser to say: perhaps nothing of what stands behind.
    ['/a?utm=x#&page=2', ['page'], '/a?utm=x#&page=2'],
    ['/a?utm=x\u00a0&page=2', ['page'], '/a?utm=x\u00a0&page=2'],
    ['/a?b=2#&a=1', 'sorted', '/a?b=2#&a=1'],
    // Among the others, or beside them.
    ['/a?[]=x&0=1', ['0'], '/a?[]=x&0=1'],
    ['/a?%5B%5D=x&%5b0%5d=1', 'sorted', '/a?%5B%5D=x&%5b0%5d=1'],
    ['/a?b=2&&a=1&', 'sorted', '/a?&&a=1&b=2'],
    // Two ways to read it: `a`, and `a=b`.
    ['/a?a=b[]=1&c=2', ['a'], '/a?a=b[]=1'],
    ['/a?a=b%5B%5D=1&c=2', ['a=b'], '/a?a=b%5B%5D=1'],
  ]
  for (const [url, query, expected] of cases) {
    it(`${url} by ${JSON.stringify(query)} is ${expected}`, () => {
      expect(withQuery(url, query)).to.equal(expected)
    })
  }

  for (const spelling of [
    'page=2',
    '%70age=2',
    'page[a]=2',
    'page%5Ba%5D=2',
    '[page]=2',
    'page',
    'page=1=2',
  ]) {
    it(`knows a parameter that is named, spelt ${spelling}`, () => {
      expect(withQuery(`/a?${spelling}`, ['page'])).to.equal(`/a?${spelling}`)
    })
  }

  for (const query of ['sorted', ['page']] as const) {
    it(`takes as it was sent what has more parameters than are read (${String(query)})`, () => {
      const others = 'x&'.repeat(999)
      expect(withQuery(`/a?${others}page=2`, query)).not.to.equal(`/a?${others}page=2`)
      expect(withQuery(`/a?${others}x&page=2`, query)).to.equal(`/a?${others}x&page=2`)
    })
  }

  it('takes what cannot be decoded as it is', () => {
    expect(withQuery('/a?%=1&page=2', ['page'])).to.equal('/a?page=2')
  })
})
