import { expect } from 'chai'
import type { Fields } from '../../lib/http/recording'
import {
  decodeResponse,
  encodeResponse,
  fieldsToStore,
  isVariantFor,
  variantOf,
} from '../../lib/http/stored-response'
import { stored } from '../support/stored-response'

describe('encodeResponse and decodeResponse', () => {
  const written = stored({
    status: 203,
    statusMessage: 'As ordered',
    fields: [
      ['X-List', ['1', '2']],
      ['x-number', 3],
      ['X-Text', 'Gr\u00fc\u00dfe "\n"'],
    ],
    initialAge: 7,
    isPublic: true,
    variant: { accept: 'text/html' },
    body: Buffer.from([0x0a, 0x00, 0xff, 0x0a]),
  })

  it('bring back what was written, byte for byte', () => {
    expect(decodeResponse(encodeResponse(written))).to.deep.equal(written)
  })

  it('bring back an empty body', () => {
    expect(decodeResponse(encodeResponse({ ...written, body: Buffer.alloc(0) }))?.body).to.have.length(0)
  })

  it('write one line of JSON and then the body as it is, without base64', () => {
    const bytes = encodeResponse(written)
    const end = bytes.indexOf('\n')
    expect(JSON.parse(bytes.toString('utf8', 0, end))).to.include({ status: 203, isPublic: true })
    expect(bytes.subarray(end + 1).equals(written.body)).to.be.true
  })

  for (const foreign of [
    '',
    'plain text',
    '{"status":200}',
    '{broken\nbody',
    'null\nbody',
    '[]\nbody',
    '{}\nbody',
    '"text"\nbody',
  ]) {
    it(`read ${JSON.stringify(foreign)}, which is no response, as none`, () => {
      expect(decodeResponse(Buffer.from(foreign))).to.be.undefined
    })
  }
})

describe('fieldsToStore', () => {
  const of = (fields: Fields, before: Fields = []) =>
    fieldsToStore({ status: 200, statusMessage: '', fields, recordedAt: 0 }, before)

  it('are those that the route set, in their order and as they were written', () => {
    const fields: Fields = [
      ['x-B', '1'],
      ['X-a', ['2', '3']],
      ['ETag', '"e"'],
    ]
    expect(of(fields)).to.deep.equal(fields)
  })

  for (const name of [
    'Connection',
    'Keep-Alive',
    'Proxy-Connection',
    'Proxy-Authenticate',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
  ]) {
    it(`leave out ${name}, which belongs to one connection (RFC 9110 §7.6.1)`, () => {
      expect(
        of([
          [name, 'x'],
          ['ETag', '"e"'],
        ]),
      ).to.deep.equal([['ETag', '"e"']])
    })
  }

  it('leave out what Connection names (RFC 9110 §7.6.1)', () => {
    expect(
      of([
        ['Connection', 'close, X-Hop'],
        ['x-hop', '1'],
        ['X-Kept', '2'],
      ]),
    ).to.deep.equal([['X-Kept', '2']])
  })

  for (const name of ['Date', 'Age', 'Cache-Status']) {
    it(`leave out ${name}, which is set anew on every hit`, () => {
      expect(of([[name, 'x']])).to.be.empty
    })
  }

  it('leave out what earlier middleware had set and the route left as it was', () => {
    const before: Fields = [
      ['X-Request-Id', '1'],
      ['X-List', ['a', 'b']],
    ]
    expect(
      of(
        [
          ['X-Request-Id', '1'],
          ['X-List', ['a', 'b']],
          ['X-Own', '2'],
        ],
        before,
      ),
    ).to.deep.equal([['X-Own', '2']])
  })

  it('keep what earlier middleware had set and the route changed', () => {
    const before: Fields = [['Vary', 'Origin']]
    expect(of([['Vary', 'Origin, Accept']], before)).to.deep.equal([['Vary', 'Origin, Accept']])
  })
})

describe('variantOf and isVariantFor (RFC 9111 §4.1)', () => {
  const varying = (vary: string | string[]) =>
    ({ status: 200, statusMessage: '', fields: [['vary', vary]] as Fields, recordedAt: 0 }) as const
  const suits = (vary: string | string[], made: Record<string, string>, asked: Record<string, string>) =>
    isVariantFor(stored({ variant: variantOf(varying(vary), made) }), asked)

  it('take down the values of the fields that Vary names, over all its lines and in any case', () => {
    const headers = { accept: 'text/html', 'accept-language': 'el', origin: 'https://a.example' }
    const variant = variantOf(varying(['Accept, accept-LANGUAGE', 'Origin']), headers)
    expect(Object.keys(variant)).to.deep.equal(Object.keys(headers))
    for (const value of Object.values(headers)) expect(JSON.stringify(variant)).not.to.include(value)
  })

  it('match where all of the named fields are the same', () => {
    expect(suits('Accept, Origin', { accept: 'a', origin: 'o' }, { accept: 'a', origin: 'o', cookie: 'c' }))
      .to.be.true
  })

  it('do not match where one of the named fields differs', () => {
    expect(suits('Accept, Origin', { accept: 'a', origin: 'o' }, { accept: 'a', origin: 'p' })).to.be.false
  })

  it('do not match where a named field is there in one request alone', () => {
    expect(suits('Origin', {}, { origin: 'o' })).to.be.false
    expect(suits('Origin', { origin: 'o' }, {})).to.be.false
  })

  it('match where a named field is in neither request', () => {
    expect(suits('Origin', {}, {})).to.be.true
  })

  it('match whatever comes where there is no Vary', () => {
    expect(isVariantFor(stored(), { accept: 'text/html' })).to.be.true
  })
})
