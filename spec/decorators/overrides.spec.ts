import { expect } from 'chai'
import { Cached, cachedMethod, CacheEvict, createCache } from 'holdfast'
import type { Cache } from 'holdfast'
import { eventually } from '../support/eventually'
import { ManualClock } from '../support/manual-clock'

describe('An override with the key of what it overrides', () => {
  let clock: ManualClock
  let cache: Cache
  let runs: string[]
  const options = { cache: (): Cache => cache }

  class Users {
    @Cached('user:{0}', '1h', { ...options, grace: '1d' })
    async find(id: string): Promise<string> {
      runs.push(`find ${id}`)
      return Promise.resolve(`user ${id}`)
    }

    @Cached('count:{0}', '1h', options)
    static async count(school: string): Promise<string> {
      runs.push(`count ${school}`)
      return Promise.resolve(`count of ${school}`)
    }
  }
  class Teachers extends Users {
    @Cached((id) => ['user', id], '1h', { ...options, grace: '1d' })
    override async find(id: string): Promise<string> {
      await Promise.resolve()
      return `teacher, ${await super.find(id)}`
    }

    @Cached('count:{0}', '1h', options)
    static override async count(school: string): Promise<string> {
      return `teachers, ${await super.count(school)}`
    }
  }
  class Heads extends Teachers {
    @Cached('user:{0}', '1h', options)
    override async find(id: string): Promise<string> {
      return `head, ${await super.find(id)}`
    }

    @CacheEvict('user:{0}', options)
    async rename(id: string): Promise<void> {
      await super.find(`renamed ${id}`)
    }
  }

  beforeEach(() => {
    clock = new ManualClock()
    cache = createCache({ redis: false, logger: false, clock, jitter: 0 })
    runs = []
  })

  afterEach(async () => {
    await cache.close()
  })

  it('can call that by super, and has stored what it made of it', async () => {
    const teachers = new Teachers()
    expect(await teachers.find('a')).to.equal('teacher, user a')
    expect(await teachers.find('a')).to.equal('teacher, user a')
    expect(await cache.get('user:a')).to.equal('teacher, user a')
    expect(runs).to.deep.equal(['find a'])
  })

  it('can do so through several classes', async () => {
    expect(await new Heads().find('a')).to.equal('head, teacher, user a')
    expect(await new Heads().find('a')).to.equal('head, teacher, user a')
    expect(runs).to.deep.equal(['find a'])
  })

  it('can do so as a static method', async () => {
    expect(await Teachers.count('north')).to.equal('teachers, count of north')
    expect(await Teachers.count('north')).to.equal('teachers, count of north')
    expect(runs).to.deep.equal(['count north'])
  })

  it('makes nothing of its own value, where that is made anew in its grace', async () => {
    const teachers = new Teachers()
    await teachers.find('a')
    clock.advance(3_700_000)
    expect(await teachers.find('a')).to.equal('teacher, user a')
    await eventually(async () => (await cachedMethod(teachers, 'find').has('a')) && runs.length === 2)
    expect(await teachers.find('a')).to.equal('teacher, user a')
  })

  it('finds no other value of what it overrides under its keys later', async () => {
    await new Heads().rename('a')
    expect(await new Heads().find('renamed a')).to.equal('head, teacher, user renamed a')
  })

  it('leaves what it overrides cached for instances of that class', async () => {
    await new Teachers().find('a')
    await new Users().find('b')
    await new Users().find('b')
    expect(runs).to.deep.equal(['find a', 'find b'])
  })

  it('leaves it cached where super is called for another key', async () => {
    class Pupils extends Users {
      @Cached((id) => ['pupil', id === 'nobody' ? (undefined as unknown as string) : id], '1h', options)
      override async find(id: string): Promise<string> {
        return `pupil, ${await super.find('nobody')} and ${id}`
      }
    }
    const pupils = new Pupils()
    expect(await pupils.find('a')).to.equal('pupil, user nobody and a')
    expect(await pupils.find('b')).to.equal('pupil, user nobody and b')
    expect(runs).to.deep.equal(['find nobody'])
  })
})
