import sinon from 'sinon'
import { createCache, defaultCache, setDefaultCache } from 'holdfast'
import type { Cache } from 'holdfast'

/** Gives each test of the block a default cache of its own, in memory; afterwards the one before is back. */
export function useDefaultCache(): void {
  let before: Cache
  let own: Cache

  beforeEach(() => {
    // The default one says on the console that it has no Redis, if it is made here.
    const warn = sinon.stub(console, 'warn')
    before = defaultCache()
    warn.restore()
    own = createCache({ redis: false, logger: false })
    setDefaultCache(own)
  })

  afterEach(async () => {
    setDefaultCache(before)
    await own.close()
  })
}
