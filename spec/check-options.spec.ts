import { expect } from 'chai'
import { InvalidOptionError } from 'holdfast'
import { checkOptions, describeValue, oneOf, wholeNumber } from '../lib/check-options'

describe('checkOptions', () => {
  const KNOWN = ['ttl', 'namespace', 'commandTimeout']

  it('accepts known options, none at all, and an object without any', () => {
    checkOptions('createCache', { ttl: 1, commandTimeout: undefined }, KNOWN)
    checkOptions('createCache', {}, KNOWN)
    checkOptions('createCache', undefined, KNOWN)
  })

  it('refuses an unknown option, naming the nearest known one and all of them', () => {
    expect(() => {
      checkOptions('createCache', { ttl: 1, comandTimeout: 5 }, KNOWN)
    }).to.throw(
      InvalidOptionError,
      /^createCache: comandTimeout: unknown option; did you mean 'commandTimeout'\? Known are ttl, namespace, commandTimeout$/,
    )
  })

  for (const [misspelt, meant] of [
    ['TTL', 'ttl'],
    ['tll', 'ttl'],
    ['name_space', 'namespace'],
    ['commandTimout', 'commandTimeout'],
  ] as const) {
    it(`takes ${misspelt} to mean ${meant}`, () => {
      expect(() => {
        checkOptions('createCache', { [misspelt]: 1 }, KNOWN)
      }).to.throw(`did you mean '${meant}'`)
    })
  }

  it('refuses an unknown option also when its value is undefined', () => {
    expect(() => {
      checkOptions('createCache', { nearCash: undefined }, KNOWN)
    }).to.throw(InvalidOptionError, /nearCash/)
  })

  for (const [what, options] of [
    ['null', null],
    ['a string', 'redis://:secret@host'],
    ['5', 5],
    ['a function', () => undefined],
    ['an array', [1]],
  ] as const) {
    it(`refuses ${what} in the place of options`, () => {
      expect(() => {
        checkOptions('createCache', options, KNOWN)
      }).to.throw(InvalidOptionError, `createCache: expected an options object, got ${what}`)
    })
  }
})

describe('wholeNumber', () => {
  const bounds = { min: 1, max: 10, default: 5 }

  it('takes the default where the option is absent', () => {
    expect(wholeNumber('max', undefined, bounds)).to.equal(5)
  })

  it('takes a whole number within its bounds, both included', () => {
    expect([1, 7, 10].map((value) => wholeNumber('max', value, bounds))).to.deep.equal([1, 7, 10])
  })

  for (const value of [0, 11, 1.5, Number.NaN, Infinity, '5', null, true, {}]) {
    it(`refuses ${describeValue(value)}, naming the option and the bounds`, () => {
      expect(() => wholeNumber('createCache: max', value, bounds)).to.throw(
        InvalidOptionError,
        `createCache: max: expected a whole number from 1 to 10, got ${describeValue(value)}`,
      )
    })
  }

  it('knows no upper bound but that of a safe integer where none is given', () => {
    expect(wholeNumber('max', Number.MAX_SAFE_INTEGER, { min: 1, default: 5 })).to.equal(
      Number.MAX_SAFE_INTEGER,
    )
    expect(() => wholeNumber('max', 0, { min: 1, default: 5 })).to.throw('a whole number from 1 up, got 0')
    expect(() => wholeNumber('max', 2 ** 53, { min: 1, default: 5 })).to.throw(InvalidOptionError)
  })
})

describe('oneOf', () => {
  const NAMES = ['allow', 'reject'] as const

  it('takes one of the names, or the default where the option is absent', () => {
    expect(oneOf('whenStale', 'reject', NAMES, 'allow')).to.equal('reject')
    expect(oneOf('whenStale', undefined, NAMES, 'allow')).to.equal('allow')
  })

  for (const value of ['Reject', '', null, true, 0]) {
    it(`refuses ${describeValue(value)}, naming the option and the names`, () => {
      expect(() => oneOf('whenStale', value, NAMES, 'allow')).to.throw(
        InvalidOptionError,
        `whenStale: expected 'allow' or 'reject', got ${describeValue(value)}`,
      )
    })
  }
})

describe('describeValue', () => {
  class Password {
    readonly secret = 'hunter2'
  }
  const descriptions: [unknown, string][] = [
    ['short', "'short'"],
    ['x'.repeat(60), `'${'x'.repeat(60)}'`],
    ['x'.repeat(61), 'a string of 61 characters'],
    [5, '5'],
    [5n, '5'],
    [null, 'null'],
    [undefined, 'undefined'],
    [Symbol('tag'), 'Symbol(tag)'],
    [() => 'secret', 'a function'],
    [['secret'], 'an array'],
    [{ secret: 1 }, 'an object (Object)'],
    [new Password(), 'an object (Password)'],
    [Object.create(null), 'an object (no class)'],
  ]
  for (const [value, description] of descriptions) {
    it(`shows ${description}`, () => {
      expect(describeValue(value)).to.equal(description)
    })
  }
})
