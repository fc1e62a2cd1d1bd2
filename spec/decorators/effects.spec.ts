import { expect } from 'chai'
import { Cached, CacheEvict, CachePut, createCache, InvalidKeyError } from 'holdfast'
import type { Cache } from 'holdfast'
import { rejection } from '../support/rejection'

describe('Several decorators on one method', () => {
  let cache: Cache
  const options = { cache: (): Cache => cache }

  beforeEach(() => {
    cache = createCache({ redis: false, logger: false })
  })

  afterEach(async () => {
    await cache.close()
  })

  class Users {
    runs = 0

    @CacheEvict('list', options)
    @CachePut((id) => ['user', id], '1h', options)
    @CacheEvict((id) => ['draft', id], { ...options, timing: 'both' })
    async save(id: string, fails?: 'at once' | 'later'): Promise<string> {
      this.runs += 1
      if (fails === 'later') await Promise.resolve()
      if (fails !== undefined) throw new RangeError(`no user ${id}`)
      return `user ${id}`
    }

    @Cached('summary', '1h', options)
    @CacheEvict('list', options)
    // eslint-disable-next-line @typescript-eslint/require-await -- What an async method throws is the question.
    async summary(): Promise<string> {
      throw new RangeError('no summary')
    }

    @CacheEvict((id) => ['user', id], options)
    @CachePut((id) => ['user', id], '1h', options)
    touch(id: string): Promise<string> {
      return Promise.resolve(`touched ${id}`)
    }

    @CachePut((id) => ['user', id], '1h', options)
    @CacheEvict((id) => ['user', id], options)
    restore(id: string): Promise<string> {
      return Promise.resolve(`restored ${id}`)
    }

    @CacheEvict('list', { ...options, timing: 'before' })
    @CacheEvict((id) => ['user', id as string], options)
    remove(id: string | undefined): Promise<string> {
      this.runs += 1
      return Promise.resolve(`removed ${String(id)}`)
    }

    @Cached((id) => ['report', id], '1h', options)
    @CacheEvict('list', options)
    report(id: string): Promise<string> {
      return Promise.resolve(`report ${id}`)
    }
  }

  it('each do their part, and the method runs once', async () => {
    const users = new Users()
    for (const key of ['list', 'draft:a']) await cache.set(key, 'old')
    expect(await users.save('a')).to.equal('user a')
    expect(users.runs).to.equal(1)
    expect([await cache.has('list'), await cache.has('draft:a')]).to.deep.equal([false, false])
    expect(await cache.get('user:a')).to.equal('user a')
  })

  it('do so from the inner to the outer one', async () => {
    await new Users().touch('a')
    expect(await cache.has('user:a')).to.equal(false)
    await new Users().restore('a')
    expect(await cache.get('user:a')).to.equal('restored a')
  })

  it('do nothing, and let the method do nothing, where one of them is named nothing', async () => {
    const users = new Users()
    await cache.set('list', 'old')
    expect(await rejection(users.remove(undefined))).to.be.instanceOf(InvalidKeyError)
    expect(await cache.has('list')).to.equal(true)
    expect(users.runs).to.equal(0)
  })

  it('beneath @Cached do theirs when the method runs', async () => {
    const users = new Users()
    for (const isStillThere of [false, true]) {
      await cache.set('list', 'old')
      expect(await users.report('a')).to.equal('report a')
      expect(await cache.has('list')).to.equal(isStillThere)
    }
  })

  it('beneath @Cached leave the trace of an error to the method as well', async () => {
    const { stack } = (await rejection(new Users().summary())) as Error
    const [, thrown, ...others] = (stack ?? '').split('\n')
    expect(thrown).to.match(/Users\.summary .*effects\.spec\.ts/)
    const ours = others.filter((line) => /[\\/]lib[\\/](cache|decorators)[\\/]/.test(line))
    expect(ours).to.have.lengthOf.at.most(1)
  })

  for (const fails of ['at once', 'later'] as const) {
    it(`leave the trace of an error to the method, which throws it ${fails}: one line of ours at most`, async () => {
      const { stack } = (await rejection(new Users().save('a', fails))) as Error
      const [, thrown, ...others] = (stack ?? '').split('\n')
      expect(thrown).to.match(/Users\.save .*effects\.spec\.ts/)
      const ours = others.filter((line) => /[\\/]lib[\\/](cache|decorators)[\\/]/.test(line))
      expect(ours).to.have.lengthOf.at.most(1)
    })
  }
})
