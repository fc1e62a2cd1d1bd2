import { expect } from 'chai'
import type { Fields } from '../../lib/http/recording'
import { variantOf, varyNames } from '../../lib/http/vary'

describe('varyNames (RFC 9111 §4.1)', () => {
  const of = (vary: string | string[], added?: string[]) =>
    varyNames({ fields: [['vary', vary]] as Fields }, added)

  it('are the fields that Vary names, over all its lines, in any case, spacing and order', () => {
    expect(of(['Origin ,accept-LANGUAGE', 'Accept,,Origin'])).to.deep.equal([
      'accept',
      'accept-language',
      'origin',
    ])
  })

  it('are none where there is no Vary', () => {
    expect(varyNames({ fields: [] })).to.deep.equal([])
  })

  it('are also those of the option', () => {
    expect(of('Origin', ['accept', 'origin'])).to.deep.equal(['accept', 'origin'])
  })
})

describe('variantOf (RFC 9111 §4.1)', () => {
  const isSame = (name: string, one: string | undefined, other: string | undefined) =>
    variantOf([name], { [name]: one }) === variantOf([name], { [name]: other })

  it('is the same for requests that say the same in the named fields, whatever else they say', () => {
    const made = { accept: 'a', origin: 'o' }
    expect(variantOf(['accept', 'origin'], made)).to.equal(
      variantOf(['accept', 'origin'], { ...made, cookie: 'c' }),
    )
  })

  it('is another one where a named field is there in one of them alone, or empty', () => {
    expect(isSame('origin', undefined, 'o')).to.be.false
    expect(isSame('origin', undefined, '')).to.be.false
    expect(isSame('origin', undefined, undefined)).to.be.true
  })

  it('lets no field run into the next', () => {
    const names = ['accept', 'origin']
    expect(variantOf(names, { accept: 'a', origin: 'bc' })).not.to.equal(
      variantOf(names, { accept: 'ab', origin: 'c' }),
    )
  })

  it('shows nothing of what the fields say', () => {
    expect(variantOf(['authorization'], { authorization: 'Bearer s3cr3t' })).to.match(/^[\w-]{43}$/)
  })

  const same: [name: string, one: string, other: string][] = [
    ['accept-encoding', 'gzip, br', 'GZIP,br'],
    ['accept-encoding', 'gzip;q=1.0, br', 'gzip,br'],
    ['accept-language', 'el , DE;q=0.5', 'el,de;q=0.5'],
    ['accept', 'text/html ,  application/json', 'text/html,application/json'],
    ['accept', 'A/B;v=1', 'a/b;v=1'],
    ['accept', 'a/b;v=1;q=1.000, ', 'a/b;v=1'],
    ['x-own', ' a ', 'a'],
    ['x-own', '1,2', ' 1, 2 '],
    ['x-own', '1,2', '1 ,, 2'],
  ]
  for (const [name, one, other] of same) {
    it(`takes ${name}: ${JSON.stringify(one)} for ${JSON.stringify(other)} (RFC 9111 §4.1)`, () => {
      expect(isSame(name, one, other)).to.be.true
    })
  }

  const different: [name: string, one: string, other: string][] = [
    ['accept-language', 'el, de', 'de, el'],
    // Many a route takes the first.
    ['accept-language', 'de;q=0.5, el', 'el, de;q=0.5'],
    ['accept-encoding', 'gzip', 'gzip;q=0'],
    // Blanks where none may be, weights that are none, parameters in another case: nobody knows how that is read.
    ['accept-encoding', 'g zip', 'gzip'],
    ['accept-language', 'd e', 'de'],
    ['accept-language', 'de;q =0.1, el', 'el, de;q=0.1'],
    ['accept-language', 'de;q=x, el', 'el, de;q=x'],
    // The negotiator of Express 4 takes these for 1, or for nothing.
    ['accept-language', 'de; q=0.5, el', 'el, de;q=0.5'],
    ['accept-language', 'de;Q=0.5, el', 'el, de;q=0.5'],
    ['accept-encoding', 'gzip;Q=0', 'gzip;q=0'],
    ['accept-encoding', 'gzip;q, gzip;q=0.5', 'gzip;q=0.5, gzip;q'],
    ['x-own', 'a\u00a0', 'a'],
    ['cookie', 'a=1\u00a0', 'a=1'],
    ['x-own', 'a"b, c', 'a"b,c"'],
    ['accept-language', 'de;q=1.0000', 'de'],
    ['accept', 'a/b;v=A', 'a/b;v=a'],
    ['accept', 'a/b;q=0.1;q=1', 'a/b;q=0.1'],
    ['x-own', 'a', 'A'],
    ['x-own', '"a, b"', '"a,b"'],
    ['x-own', 'a b', 'ab'],
    ['cookie', 'a=1, 2', 'a=1,2'],
    ['user-agent', 'curl/8', 'curl/7'],
    ['accept', 'a/b;profile="http://e/A"', 'a/b;profile="http://e/a"'],
    ['accept', 'a/b;p="x, y"', 'a/b;p="x,y"'],
    ['accept', 'a/b;p=";q=0.1,", c/d', 'c/d, a/b;p=";q=0.1,"'],
  ]
  for (const [name, one, other] of different) {
    it(`tells ${name}: ${JSON.stringify(one)} from ${JSON.stringify(other)}`, () => {
      expect(isSame(name, one, other)).to.be.false
    })
  }
})
