import { expect } from 'chai'
import { isNotModified } from '../../lib/http/conditional'
import type { FieldValue } from '../../lib/http/recording'
import { stored } from '../support/stored-response'

const NOON = 'Mon, 04 May 2026 12:00:00 GMT'
const BEFORE = 'Mon, 04 May 2026 11:59:59 GMT'
const AFTER = 'Mon, 04 May 2026 12:00:01 GMT'

describe('isNotModified', () => {
  describe('If-None-Match (RFC 9110 §13.1.2)', () => {
    const matching: [condition: string, etag: string][] = [
      ['"a"', '"a"'],
      ['W/"a"', '"a"'],
      ['"a"', 'W/"a"'],
      ['W/"a"', 'W/"a"'],
      ['"x", "a"', '"a"'],
      ['"x",W/"y" , W/"a"', '"a"'],
      ['"x,y", "a"', '"x,y"'],
      ['""', '""'],
    ]
    for (const [condition, etag] of matching) {
      it(`${condition} matches ${etag}`, () => {
        expect(of({ ETag: etag }, { 'if-none-match': condition })).to.be.true
      })
    }

    const other: [condition: string, etag: string][] = [
      ['"A"', '"a"'],
      ['"b"', '"a"'],
      ['a', '"a"'],
      ['"x", "y"', '"a"'],
      ['"x,a"', '"a"'],
      ['', '"a"'],
      ['"*"', '"a"'],
    ]
    for (const [condition, etag] of other) {
      it(`${JSON.stringify(condition)} does not match ${etag}`, () => {
        expect(of({ ETag: etag }, { 'if-none-match': condition })).to.be.false
      })
    }

    it('* matches whatever is there, also without an ETag', () => {
      expect(of({}, { 'if-none-match': '*' })).to.be.true
      expect(of({ ETag: '"a"' }, { 'if-none-match': ' * ' })).to.be.true
    })

    it('matches nothing where there is no ETag', () => {
      expect(of({}, { 'if-none-match': '"undefined"' })).to.be.false
    })
  })

  describe('If-Modified-Since (RFC 9110 §13.1.3)', () => {
    const cases: [since: string, modified: string | undefined, isUnchanged: boolean][] = [
      [NOON, NOON, true],
      [AFTER, NOON, true],
      [BEFORE, NOON, false],
      ['yesterday', NOON, false],
      [NOON, 'once', false],
      [NOON, undefined, false],
    ]
    for (const [since, modified, isUnchanged] of cases) {
      it(`${since} is ${isUnchanged ? 'met' : 'not met'} by Last-Modified: ${modified ?? 'none'}`, () => {
        const fields = modified === undefined ? {} : { 'Last-Modified': modified }
        expect(of(fields, { 'if-modified-since': since })).to.equal(isUnchanged)
      })
    }

    it('is met by the Date where there is no Last-Modified (RFC 9111 §4.3.2)', () => {
      expect(of({ Date: NOON }, { 'if-modified-since': NOON })).to.be.true
      expect(of({ Date: NOON }, { 'if-modified-since': BEFORE })).to.be.false
      expect(of({ Date: BEFORE, 'Last-Modified': AFTER }, { 'if-modified-since': NOON })).to.be.false
    })

    it('does not count beside If-None-Match (RFC 9110 §13.2.2)', () => {
      const fields = { ETag: '"a"', 'Last-Modified': NOON }
      expect(of(fields, { 'if-none-match': '"b"', 'if-modified-since': NOON })).to.be.false
      expect(of(fields, { 'if-none-match': '"a"', 'if-modified-since': BEFORE })).to.be.true
    })
  })

  it('is false without a condition', () => {
    expect(of({ ETag: '"a"', 'Last-Modified': NOON }, {})).to.be.false
  })

  it('is false of anything but a 200 (RFC 9110 §13.2.1)', () => {
    const answer = stored({ status: 404, fields: [['ETag', '"a"']] })
    expect(isNotModified(answer, { 'if-none-match': '"a"' })).to.be.false
  })
})

function of(fields: Record<string, FieldValue>, headers: Record<string, string>): boolean {
  return isNotModified(stored({ fields: Object.entries(fields) }), headers)
}
