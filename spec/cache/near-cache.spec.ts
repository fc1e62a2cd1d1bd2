import { expect } from 'chai'
import fc from 'fast-check'
import type { Origin, Token } from '../../lib/cache/near-cache'
import { NearCache } from '../../lib/cache/near-cache'

describe('NearCache', () => {
  let time: number
  let near: NearCache<string>

  beforeEach(() => {
    time = 0
    near = open(1000)
  })

  function open(maxEntries: number): NearCache<string> {
    return new NearCache({ maxEntries, maxBytes: 1_000_000, now: () => time })
  }

  function keep(key: string, copy: string, origin: Partial<Origin> = {}): boolean {
    return near.keep(key, copy, { token: near.begin(), deadline: 100, tags: [], bytes: 10, ...origin })
  }

  it('finds the copy that was kept', () => {
    expect(near.get('a')).to.equal(undefined)
    expect(keep('a', 'one')).to.equal(true)
    expect(near.get('a')).to.equal('one')
    expect(keep('a', 'two')).to.equal(true)
    expect(near.get('a')).to.equal('two')
    expect(near).to.include({ size: 1, bytes: 10 })
  })

  it('lets a copy live until its deadline, and not at it', () => {
    keep('a', 'one', { deadline: 100 })
    time = 99.9
    expect(near.get('a')).to.equal('one')
    time = 100
    expect(near.get('a')).to.equal(undefined)
    expect(near.size).to.equal(0)
  })

  it('keeps nothing whose life is over', () => {
    time = 100
    expect(keep('a', 'one', { deadline: 100 })).to.equal(false)
    expect(keep('a', 'one', { deadline: Number.NaN })).to.equal(false)
    expect(near.size).to.equal(0)
  })

  it('drops what has changed, and nothing else', () => {
    for (const key of ['a', 'b']) keep(key, key, { tags: [`tag of ${key}`, 'tag of both'] })
    near.changed('a')
    expect([near.get('a'), near.get('b')]).to.deep.equal([undefined, 'b'])
    keep('a', 'a', { tags: ['tag of a', 'tag of both'] })
    near.changedTag('tag of b')
    expect([near.get('a'), near.get('b')]).to.deep.equal(['a', undefined])
    near.changedTag('tag of both')
    expect(near.get('a')).to.equal(undefined)
    expect(near).to.include({ size: 0, bytes: 0 })
  })

  it('keeps again what depends on a tag that changed', () => {
    near.changedTag('t')
    expect(keep('a', 'one', { tags: ['t'] })).to.equal(true)
    near.changedTag('t')
    keep('a', 'two', { tags: ['t'] })
    expect(near.get('a')).to.equal('two')
  })

  it('does not take a key for a tag of the same name', () => {
    keep('a', 'one', { tags: ['b'] })
    const token = near.begin()
    near.changed('b')
    near.changedTag('a')
    expect(near.get('a')).to.equal('one')
    expect(keep('a', 'two', { token, tags: ['b'] })).to.equal(true)
  })

  it('knows no key and no tag that is special', () => {
    for (const name of ['__proto__', 'constructor', '']) {
      expect(near.get(name)).to.equal(undefined)
      keep(name, 'one', { tags: [name] })
      expect(near.get(name)).to.equal('one')
      near.changedTag(name)
      expect(near.get(name)).to.equal(undefined)
    }
  })

  const overtakes: Record<string, () => void> = {
    'the key': () => {
      near.changed('a')
    },
    'one of its tags': () => {
      near.changedTag('u')
    },
    everything: () => {
      near.changedAll()
    },
  }
  for (const [what, overtake] of Object.entries(overtakes)) {
    it(`keeps nothing that was being read when ${what} changed`, () => {
      const token = near.begin()
      overtake()
      expect(keep('a', 'old', { token, tags: ['t', 'u'] })).to.equal(false)
      expect(near.get('a')).to.equal(undefined)
      expect(keep('a', 'new', { tags: ['t', 'u'] })).to.equal(true)
      expect(keep('a', 'old', { token, tags: ['t', 'u'] })).to.equal(false)
      expect(near.get('a')).to.equal('new')
    })
  }

  it('keeps what was being read when something else changed', () => {
    const token = near.begin()
    near.changed('b')
    near.changedTag('t')
    expect(keep('a', 'one', { token, tags: ['u'] })).to.equal(true)
  })

  it('drops everything at once, and what is being read may only be kept after clear', () => {
    keep('a', 'one', { tags: ['t'] })
    const token = near.begin()
    near.clear()
    expect(near.get('a')).to.equal(undefined)
    expect(near).to.include({ size: 0, bytes: 0 })
    expect(keep('a', 'one', { token, tags: ['t'] })).to.equal(true)
    near.changedTag('t')
    expect(near.get('a')).to.equal(undefined)
  })

  it('keeps no read that more changes fell into than it can know', () => {
    const token = near.begin()
    near.changed('a')
    for (let id = 0; id < 10_000; id += 1) near.changed(`other ${String(id)}`)
    expect(keep('a', 'old', { token })).to.equal(false)
    expect(keep('b', 'who knows', { token })).to.equal(false)
    expect(keep('b', 'new')).to.equal(true)
  })

  it('keeps to its bounds', () => {
    near = open(10)
    for (let id = 0; id < 100; id += 1) keep(`key ${String(id)}`, 'one')
    expect(near).to.include({ size: 10, bytes: 100 })
    keep('a', 'one')
    expect(keep('a', 'too large', { bytes: 1_000_001 })).to.equal(false)
    expect(near.get('a')).to.equal(undefined)
  })

  it('outlives a million tags, with what is used still there', () => {
    keep('used', 'one', { tags: ['mine', 'common'] })
    for (let id = 0; id < 1_000_000; id += 1) {
      keep(`key ${String(id)}`, 'one', { tags: [`tag ${String(id)}`, 'common'] })
      if (id % 100 === 0) expect(near.get('used')).to.equal('one')
    }
    near.changedTag('common')
    expect(near.get('used')).to.equal(undefined)
    expect(near.get('key 999999')).to.equal(undefined)
  })

  it('returns what a server would return that tells of each change at once', () => {
    fc.assert(
      fc.property(fc.array(aStep(), { maxLength: 60, size: 'max' }), (steps) => {
        const model = new Model(100)
        for (const step of steps) model.take(step)
      }),
      { numRuns: 2000 },
    )
  })

  it('returns nothing else when there is no room for half of it', () => {
    fc.assert(
      fc.property(fc.array(aStep(), { maxLength: 60, size: 'max' }), (steps) => {
        const model = new Model(2)
        for (const step of steps) model.take(step)
      }),
      { numRuns: 1000 },
    )
  })
})

// The same names for both: one must not be taken for the other.
const NAMES = ['a', 'b', 'c', '__proto__']

type Step =
  | { readonly do: 'get' | 'changed' | 'changedTag'; readonly name: string }
  | { readonly do: 'begin' | 'changedAll' | 'clear' }
  | { readonly do: 'wait'; readonly ms: number }
  | Reply

/** The reply to the read that began so many reads ago, which may come late and more than once. */
interface Reply {
  readonly do: 'keep'
  readonly name: string
  readonly ago: number
  readonly tags: readonly string[]
  readonly lifeMs: number
}

function aStep(): fc.Arbitrary<Step> {
  const name = fc.constantFrom(...NAMES)
  const lifeMs = fc.integer({ min: 0, max: 5 })
  const tags = fc.uniqueArray(name, { maxLength: 3 })
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('get' as const), name }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('begin' as const) }) },
    {
      weight: 8,
      arbitrary: fc.record({ do: fc.constant('keep' as const), name, ago: fc.nat(3), tags, lifeMs }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constantFrom('changed' as const, 'changedTag' as const), name }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('changedAll' as const, 'clear' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 3 }) }),
    },
  )
}

interface Read {
  readonly token: Token
  /** How many changes there had been. */
  readonly since: number
}

interface Expected {
  readonly copy: string
  readonly deadline: number
  readonly tags: readonly string[]
}

/** What must be true, told by the whole history of changes and all copies by name. */
class Model {
  readonly #near: NearCache<string>
  readonly #isRoomy: boolean
  readonly #changes: string[] = []
  readonly #reads: Read[] = []
  readonly #copies = new Map<string, Expected>()
  #time = 0
  #count = 0

  constructor(maxEntries: number) {
    this.#isRoomy = maxEntries > NAMES.length
    this.#near = new NearCache({ maxEntries, maxBytes: 10 * maxEntries, now: () => this.#time })
  }

  take(step: Step): void {
    if (step.do === 'wait') this.#time += step.ms
    else if (step.do === 'begin') this.#reads.push({ token: this.#near.begin(), since: this.#changes.length })
    else if (step.do === 'keep') this.#keep(step)
    else if (step.do === 'clear') {
      this.#near.clear()
      this.#copies.clear()
    } else if (step.do === 'changedAll') {
      this.#near.changedAll()
      this.#note('all')
    } else if ('name' in step && step.do !== 'get') {
      this.#near[step.do](step.name)
      this.#note(`${step.do} ${step.name}`)
    }
    for (const name of 'name' in step ? [step.name] : NAMES) this.#look(name)
  }

  #note(change: string): void {
    this.#changes.push(change)
    for (const [key, { tags }] of this.#copies) {
      if (concerns(change, key, tags)) this.#copies.delete(key)
    }
  }

  #keep({ name, ago, tags, lifeMs }: Reply): void {
    const read = this.#reads.at(-1 - ago)
    if (read === undefined) return
    const copy = String((this.#count += 1))
    const deadline = this.#time + lifeMs
    const isRight = !this.#changes.slice(read.since).some((change) => concerns(change, name, tags))
    const isKept = this.#near.keep(name, copy, { token: read.token, deadline, tags, bytes: 10 })
    expect(isKept).to.equal(isRight && lifeMs > 0)
    if (isKept) this.#copies.set(name, { copy, deadline, tags })
  }

  #look(name: string): void {
    const expected = this.#copies.get(name)
    const copy = expected !== undefined && expected.deadline > this.#time ? expected.copy : undefined
    const found = this.#near.get(name)
    if (this.#isRoomy || found !== undefined) expect(found).to.equal(copy)
  }
}

function concerns(change: string, key: string, tags: readonly string[]): boolean {
  return change === 'all' || change === `changed ${key}` || tags.some((tag) => change === `changedTag ${tag}`)
}
