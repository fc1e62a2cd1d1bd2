import { expect } from 'chai'
import { deltaSeconds, namedFields, parseCacheControl } from '../../lib/http/cache-control'

describe('parseCacheControl', () => {
  const read = (field: Parameters<typeof parseCacheControl>[0]) => [...parseCacheControl(field)]

  it('reads a list of directives, with and without an argument (RFC 9111 §5.2)', () => {
    expect(read('public, max-age=60,no-transform')).to.deep.equal([
      ['public', ''],
      ['max-age', '60'],
      ['no-transform', ''],
    ])
  })

  it('reads names in any case', () => {
    expect(read('Max-AGE=60, NO-STORE')).to.deep.equal([
      ['max-age', '60'],
      ['no-store', ''],
    ])
  })

  it('reads a quoted argument like a plain one (RFC 9111 §5.2)', () => {
    expect(read('max-age="60", s-maxage=30')).to.deep.equal([
      ['max-age', '60'],
      ['s-maxage', '30'],
    ])
  })

  it('finds no directive within a quoted argument', () => {
    expect(read('private="x, no-store", ext="a \\" no-cache", max-age=1')).to.deep.equal([
      ['private', 'x, no-store'],
      ['ext', 'a " no-cache'],
      ['max-age', '1'],
    ])
  })

  it('finds no directive within the name of another', () => {
    expect(parseCacheControl('x-no-store, no-storex').has('no-store')).to.be.false
  })

  it('reads a field of several lines as one list (RFC 9110 §5.3)', () => {
    expect(read(['public', 'max-age=60'])).to.deep.equal([
      ['public', ''],
      ['max-age', '60'],
    ])
  })

  it('keeps the shorter of a lifetime that is given twice (RFC 9111 §4.2.1)', () => {
    expect(read('max-age=1, max-age=60')).to.deep.equal([['max-age', '1']])
    expect(read('max-age=60, max-age=1')).to.deep.equal([['max-age', '1']])
    expect(read('max-age=60, max-age=x')).to.deep.equal([['max-age', 'x']])
  })

  it('keeps the whole of what some fields are named of elsewhere', () => {
    expect(read('private, private="x-a"')).to.deep.equal([['private', '']])
    expect(read('private="x-a", private="x-b"')).to.deep.equal([['private', 'x-a,x-b']])
  })

  it('passes over empty elements and blanks', () => {
    expect(read(' , ,max-age=60 ,, ')).to.deep.equal([['max-age', '60']])
  })

  for (const malformed of [
    'max-age =60',
    'max-age= 60',
    "max-age='60'",
    'max-age=60; a',
    'max-age=60 a',
    'max-age="60',
    'a="b, max-age=60',
    'max-age=90, a="b, max-age=60',
  ]) {
    it(`reads no lifetime from ${malformed}`, () => {
      expect(deltaSeconds(parseCacheControl(malformed).get('max-age') ?? '')).to.equal(0)
    })
  }

  for (const malformed of ['no-store;', 'no-store x', 'a="b, no-store', 'no-store="', '"a", no-store']) {
    it(`hears no-store from ${malformed}: what is malformed still forbids`, () => {
      expect(parseCacheControl(malformed).has('no-store')).to.be.true
    })
  }

  for (const quoted of ['a="no-store"', 'a="b, no-store, c"', String.raw`a="\", no-store"`]) {
    it(`hears no no-store from ${quoted}`, () => {
      expect(parseCacheControl(quoted).has('no-store')).to.be.false
    })
  }

  for (const nothing of [undefined, '', ' ', []]) {
    it(`finds nothing in ${nothing === undefined ? 'an absent field' : JSON.stringify(nothing)}`, () => {
      expect(read(nothing)).to.be.empty
    })
  }

  it('takes no time to speak of over a field of any shape', () => {
    const started = performance.now()
    for (const unit of ['=', '"', '\\', 'a=" ', '\\"', ' ', ',']) parseCacheControl(unit.repeat(20_000))
    expect(performance.now() - started).to.be.below(2000)
  })
})

describe('deltaSeconds', () => {
  it('reads a whole number of seconds (RFC 9111 §1.2.2)', () => {
    expect(['0', '60', '0060'].map(deltaSeconds)).to.deep.equal([0, 60, 60])
  })

  it('counts what is too large as 2^31 (RFC 9111 §1.2.2)', () => {
    expect(['2147483649', '9'.repeat(400)].map(deltaSeconds)).to.deep.equal([2 ** 31, 2 ** 31])
  })

  for (const malformed of ['', '-1', '+1', '1.5', '1e3', '0x10', '60s', ' 60', 'soon', '６']) {
    it(`counts ${JSON.stringify(malformed)} as 0 (RFC 9111 §4.2.1)`, () => {
      expect(deltaSeconds(malformed)).to.equal(0)
    })
  }
})

describe('namedFields (RFC 9111 §5.2.2)', () => {
  const cases: [text: string, named: readonly string[] | 'all'][] = [
    ['private="X-A, x-b"', ['x-a', 'x-b']],
    ['private=x-a', ['x-a']],
    ['private', 'all'],
    ['private=""', 'all'],
    ['private="x a"', 'all'],
    ['private; x', 'all'],
    ['public', []],
  ]
  for (const [text, named] of cases) {
    it(`are ${JSON.stringify(named)} by ${text}`, () => {
      expect(namedFields(parseCacheControl(text), 'private')).to.deep.equal(named)
    })
  }
})
