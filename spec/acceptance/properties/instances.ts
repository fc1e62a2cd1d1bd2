import { CommandRefusedError, createCache, createTokenBlacklist } from 'holdfast'
import type { Cache, CacheClient, TokenBlacklist } from 'holdfast'
import { faultyClient } from 'holdfast/testing'
import type { FaultyClient } from 'holdfast/testing'
import type { Call, Operation } from './history'
import { claimsOf, History, KEYS, name, TAGS_OF, TOKENS } from './history'
import type { Limits } from './invariants'
import { violations } from './invariants'

/** What can be wrong between one instance and the store. */
export type Fault =
  'down' | 'frozen' | 'mute' | 'deaf' | 'slow' | 'late' | 'dropped' | 'flapping' | 'full' | 'healed'

/** Where a run takes place: what time is there, and what the instances share. */
export interface Stage {
  /** In milliseconds. */
  now(): number
  /** A connection to the store. */
  connection(): CacheClient
  /** Waits until something is so. */
  until(condition: () => boolean): Promise<void>
}

interface Instance {
  readonly cache: Cache
  readonly blacklist: TokenBlacklist
  readonly redis: FaultyClient
}

/** Two instances of an application over one store, and what happens to them. */
export class Instances {
  readonly history: History
  readonly #stage: Stage
  readonly #limits: Limits
  readonly #latencyMs: number
  readonly #instances: readonly Instance[]
  readonly #underWay = new Set<Promise<void>>()

  /** `latencyMs`: how long a command takes where nothing is wrong. */
  constructor(stage: Stage, limits: Limits, latencyMs = 0) {
    this.#latencyMs = latencyMs
    this.#stage = stage
    this.#limits = limits
    this.history = new History(() => stage.now())
    this.#instances = [0, 1].map((instance) => this.#start(instance))
  }

  /** Has an instance do something, and doesn't wait for it. */
  do(instance: number, operation: Operation, loaderMs = 0): void {
    this.#call(instance, operation, { loaderMs, isQuiet: false })
  }

  /** Something goes wrong for an instance, or right again. */
  suffer(instance: number, fault: Fault): void {
    this.history.moment(`${name(instance)} ${fault}`)
    const { redis } = this.#at(instance)
    if (fault === 'healed') this.#heal(redis)
    else FAULTS[fault](redis)
  }

  /** Both of them lose their connections. */
  drop(): void {
    for (const { redis } of this.#instances) redis.drop()
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    let isIdle = false
    void Promise.all(this.#underWay).then(() => (isIdle = true))
    await this.#stage.until(() => isIdle)
  }

  /** Resolves when neither, or both, of them use the store. */
  untilReady(isReady: boolean): Promise<void> {
    return this.#stage.until(() => this.#instances.every(({ cache }) => cache.isConnected === isReady))
  }

  /**
   * Ends all faults, waits until both instances use the store again, reads everything on both, and closes them.
   *
   * @throws an error with all that happened, where that is not as it is promised.
   */
  async end(): Promise<void> {
    const { history } = this
    for (const { redis } of this.#instances) this.#heal(redis)
    history.moment('all is well again')
    await this.idle()
    await this.untilReady(true)
    const beats = [...history.beats]
    await this.#stage.until(() =>
      history.beats.every((count, instance) => count > (beats[instance] ?? 0) + 1),
    )
    await this.untilReady(true)
    history.moment('both are back')
    for (const instance of [0, 1]) {
      for (const key of KEYS) this.#call(instance, { do: 'get', key }, { isQuiet: true })
      for (const token of TOKENS) this.#call(instance, { do: 'isRevoked', token }, { isQuiet: true })
    }
    await this.idle()
    const left = await this.#close()
    const found = violations(history, this.#limits)
    if (left > 0) found.push(`${String(left)} changes are left behind by close()`)
    if (found.length > 0) throw new Error(`${found.join('\n')}\n\n${history.lines.join('\n')}`)
  }

  async #close(): Promise<number> {
    let left: number | undefined
    const closing = this.#instances.map(({ cache }) => cache.close())
    void Promise.all(closing).then((closed) => {
      left = closed.reduce((sum, { notCarriedOver }) => sum + notCarriedOver, 0)
    })
    await this.#stage.until(() => left !== undefined)
    return left ?? 0
  }

  #heal(redis: FaultyClient): void {
    if (this.#latencyMs === 0) redis.heal()
    else redis.delay(this.#latencyMs)
  }

  #start(instance: number): Instance {
    const redis = faultyClient(this.history.watch(instance, this.#stage.connection()))
    this.#heal(redis)
    const memory = { maxAge: this.#limits.maxAgeMs, maxEntries: 1000 }
    const cache = createCache({ client: redis, logger: false, memory })
    cache.on('state', ({ to }) => {
      this.history.enter(instance, to)
    })
    return { cache, redis, blacklist: createTokenBlacklist({ cache }) }
  }

  #call(instance: number, operation: Operation, how: { loaderMs?: number; isQuiet: boolean }): void {
    const call = this.history.begin(instance, operation, how.isQuiet)
    const work = this.#carryOut(call, how.loaderMs ?? 0).then(
      (result) => {
        this.history.end(call, { result })
      },
      (error: unknown) => {
        this.history.end(call, { error })
      },
    )
    this.#underWay.add(work)
    void work.then(() => this.#underWay.delete(work))
  }

  #carryOut(call: Call, loaderMs: number): Promise<unknown> {
    const { operation } = call
    const { cache, blacklist } = this.#at(call.instance)
    switch (operation.do) {
      case 'get':
        return cache.get(operation.key)
      case 'getOrSet':
        return cache.getOrSet(operation.key, () => this.#load(call, operation.key, loaderMs), '1h', {
          tags: tagsOf(operation.key),
        })
      case 'set': {
        const { key } = operation
        const value = { key, by: call.id, version: call.versions.get(key) }
        return cache.set(key, value, '1h', { tags: tagsOf(key) })
      }
      case 'delete':
        return cache.delete(operation.key)
      case 'invalidateTags':
        return cache.invalidateTags(operation.tag)
      case 'clear':
        return cache.clear()
      case 'revoke':
        return blacklist.revoke(claimsOf(operation.token))
      case 'isRevoked':
        return blacklist.isRevoked(claimsOf(operation.token))
    }
  }

  async #load(call: Call, key: string, loaderMs: number): Promise<unknown> {
    const value = this.history.load(call, key)
    if (loaderMs > 0) await new Promise((resolve) => setTimeout(resolve, loaderMs))
    return value
  }

  #at(instance: number): Instance {
    const found = this.#instances[instance]
    if (found === undefined) throw new Error('There are two instances, 0 and 1')
    return found
  }
}

const FAULTS: Record<Exclude<Fault, 'healed'>, (redis: FaultyClient) => void> = {
  down: (redis) => {
    redis.fail()
  },
  frozen: (redis) => {
    redis.hang()
  },
  mute: (redis) => {
    redis.hang({ withhold: 'reply' })
  },
  slow: (redis) => {
    redis.delay(40)
  },
  late: (redis) => {
    redis.delay(300)
  },
  dropped: (redis) => {
    redis.drop()
  },
  flapping: (redis) => {
    redis.flap({ upMs: 120, downMs: 90 })
  },
  deaf: (redis) => {
    redis.hang({ commands: ['set', 'delete', 'stamp', 'raise'], withhold: 'reply' })
  },
  full: (redis) => {
    redis.fail({ commands: ['set'], cause: new CommandRefusedError('no room') })
  },
}

function tagsOf(key: string): readonly string[] {
  return TAGS_OF[key] ?? []
}
