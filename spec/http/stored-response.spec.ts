import { expect } from 'chai'
import type { Fields } from '../../lib/http/recording'
import type { StoredResponse } from '../../lib/http/stored-response'
import { decodeStored, encodeHead, encodeIndex, fieldsToStore } from '../../lib/http/stored-response'
import { stored } from '../support/stored-response'

const encoded = (response: StoredResponse) =>
  Buffer.concat([Buffer.from(encodeHead(response)), response.body])

describe('encodeHead and decodeStored', () => {
  const written = stored({
    status: 203,
    statusMessage: 'As ordered',
    fields: [
      ['X-List', ['1', '2']],
      ['x-number', 3],
      ['X-Text', 'Gr\u00fc\u00dfe "\n"'],
    ],
    initialAge: 7,
    sharing: 'public',
    vary: ['accept'],
    variant: 'a-digest',
    body: Buffer.from([0x0a, 0x00, 0xff, 0x0a]),
  })

  it('bring back what was written, byte for byte', () => {
    expect(decodeStored(encoded(written))).to.deep.equal(written)
  })

  it('bring back an empty body', () => {
    const empty = { ...written, body: Buffer.alloc(0) }
    expect(decodeStored(encoded(empty))).to.deep.equal(empty)
  })

  it('bring back an index of variants', () => {
    const index = { generation: 'g', variesBy: [['accept'], ['accept', 'origin']] }
    expect(decodeStored(encodeIndex(index))).to.deep.equal(index)
  })

  it('write one line of JSON and then the body as it is, without base64', () => {
    const bytes = encoded(written)
    const end = bytes.indexOf('\n')
    expect(JSON.parse(bytes.toString('utf8', 0, end))).to.include({ status: 203, sharing: 'public' })
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
      expect(decodeStored(Buffer.from(foreign))).to.be.undefined
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

  it('leave out what is named', () => {
    const response = {
      status: 200,
      statusMessage: '',
      recordedAt: 0,
      fields: [
        ['X-A', '1'],
        ['X-B', '2'],
      ] as Fields,
    }
    expect(fieldsToStore(response, [], ['x-a'])).to.deep.equal([['X-B', '2']])
  })

  it('leave out Age, which is set anew on every hit', () => {
    expect(of([['Age', 'x']])).to.be.empty
  })

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
