import { expect } from 'chai'
import { InvalidOptionError } from '../../lib/errors'
import { richSerializer } from '../../lib/cache/rich-serializer'
import { checkSerializer } from '../../lib/cache/serializer'
import type { Serializer } from '../../lib/cache/serializer'

describe('checkSerializer', () => {
  it('gives back a serializer', () => {
    const own: Serializer = { ...richSerializer, name: 'msgpack-2' }
    expect(checkSerializer('createCache: serializer', own)).to.equal(own)
  })

  const wrong: [unknown, string][] = [
    ['json', "serializer: expected a serializer object, got 'json'"],
    [
      { ...richSerializer, name: 'My Own' },
      "serializer.name: expected 1 to 16 lower-case letters, digits and hyphens, but not 'json' and its kin, got 'My Own'",
    ],
    [
      richSerializer,
      "serializer.name: expected 1 to 16 lower-case letters, digits and hyphens, but not 'json' and its kin, got 'rich'",
    ],
    [{ ...richSerializer, name: 'a'.repeat(17) }, 'serializer.name: expected 1 to 16'],
    [
      { ...richSerializer, name: 'own', deserialize: 1 },
      'serializer.deserialize: expected a function, got 1',
    ],
  ]
  for (const [given, message] of wrong) {
    it(`refuses with "${message}"`, () => {
      expect(() => checkSerializer('serializer', given)).to.throw(InvalidOptionError, message)
    })
  }
})
