import { expect } from 'chai'
import { field, listField } from '../../lib/http/recording'
import type { Fields } from '../../lib/http/recording'

const fields: Fields = [
  ['X-One', '1'],
  ['Content-Length', 0],
  ['VARY', ['Accept, Accept-Encoding', ' origin ,, ']],
]

describe('field', () => {
  it('is found by its name in lower case, however it was written', () => {
    expect(field({ fields }, 'x-one')).to.equal('1')
    expect(field({ fields }, 'content-length')).to.equal(0)
  })

  it('is undefined where it was not set', () => {
    expect(field({ fields }, 'x-two')).to.be.undefined
  })
})

describe('listField', () => {
  it('lists the members over all lines, trimmed and in lower case', () => {
    expect(listField({ fields }, 'vary')).to.deep.equal(['accept', 'accept-encoding', 'origin'])
  })

  it('is empty where the field was not set', () => {
    expect(listField({ fields }, 'connection')).to.deep.equal([])
  })
})
