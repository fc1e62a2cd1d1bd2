import fc from 'fast-check'
import type { Operation } from './history'
import { KEYS, TAGS, TOKENS } from './history'

/** Something that an application does. */
export function anOperation(): fc.Arbitrary<Operation> {
  const key = fc.constantFrom(...KEYS)
  const tag = fc.constantFrom(...TAGS)
  const token = fc.constantFrom(...TOKENS)
  return fc.oneof(
    { weight: 12, arbitrary: fc.record({ do: fc.constantFrom('get' as const, 'getOrSet' as const), key }) },
    {
      weight: 10,
      arbitrary: fc.record({ do: fc.constantFrom('set' as const, 'set' as const, 'delete' as const), key }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('invalidateTags' as const), tag }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constantFrom('revoke' as const, 'isRevoked' as const), token }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
  )
}

/** One of the two. */
export function anInstance(): fc.Arbitrary<number> {
  return fc.constantFrom(0, 1)
}
