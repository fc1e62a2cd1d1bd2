import type { CacheClient, ClientState, Stored } from 'holdfast'
import { identifyToken } from '../../../lib/auth/token-id'

/** The keys of the application, and what the value of each is made from. */
export const TAGS_OF: Readonly<Record<string, readonly string[]>> = { a: [], b: ['x'], c: ['x', 'y'] }
export const KEYS = Object.keys(TAGS_OF)
export const TAGS = ['x', 'y']
export const TOKENS = ['t', 'u']

/** What an instance of the application is asked to do. */
export type Operation =
  | { readonly do: 'get' | 'getOrSet' | 'set' | 'delete'; readonly key: string }
  | { readonly do: 'invalidateTags'; readonly tag: string }
  | { readonly do: 'clear' }
  | { readonly do: 'revoke' | 'isRevoked'; readonly token: string }

/** A value of the application: by whom it was written or loaded, and how new what it is made from was. */
export interface Value {
  readonly key: string
  readonly by: number
  readonly version: number
}

/** A call of an instance. Moments are places in the order of all events. */
export interface Call {
  readonly id: number
  readonly instance: number
  readonly operation: Operation
  readonly begun: number
  readonly begunAt: number
  /** Whether both instances had been in touch with Redis for a while, and nothing else went on. */
  readonly isQuiet: boolean
  /** What it changes: the versions of the keys from then on. */
  readonly versions: ReadonlyMap<string, number>
  ended?: number
  endedAt?: number
  result?: unknown
  error?: unknown
  /** The version that its loader gave, if it ran. */
  loaded?: number
}

/** A command as the store saw it. */
export interface Effect {
  readonly instance: number
  readonly command: 'set' | 'delete' | 'stamp' | 'raise'
  readonly names: readonly string[]
  /** The call that made the value which it writes. */
  readonly by: number | undefined
  readonly sent: number
  /** When it was acknowledged, if it was. */
  done?: number
  /** When it was certain that it would not be carried out any more, if it never was acknowledged. */
  over?: number
}

interface Change {
  readonly moment: number
  readonly to: ClientState
}

interface Loss {
  readonly moment: number
  /** Whether those who were connected lost their connection with it. */
  readonly isNoticed: boolean
}

/** All that happened in a run, in the order in which it did. */
export class History {
  readonly calls: Call[] = []
  readonly effects: Effect[] = []
  readonly losses: Loss[] = []
  readonly states: Change[][] = [[], []]
  readonly lines: string[] = []
  /** How often each instance has asked the store for proof of its history, and got it. */
  readonly beats = [0, 0]
  readonly #now: () => number
  readonly #versions = new Map<string, number>()
  #moment = 0

  constructor(now: () => number) {
    this.#now = now
  }

  /** A moment of its own, with a line that says what happens. */
  moment(line?: string): number {
    this.#moment += 1
    if (line !== undefined) this.lines.push(`${String(this.#moment).padStart(5)} ${line}`)
    return this.#moment
  }

  /** How new what the values of a key are made from is now. */
  version(key: string): number {
    return this.#versions.get(key) ?? 0
  }

  begin(instance: number, operation: Operation, isQuiet: boolean): Call {
    const id = this.calls.length
    const versions = new Map(keysChangedBy(operation).map((key) => [key, this.version(key) + 1]))
    for (const [key, version] of versions) this.#versions.set(key, version)
    const begun = this.moment(`${name(instance)} #${String(id)} ${describe(operation)} ${show(versions)}`)
    const call: Call = { id, instance, operation, begun, begunAt: this.#now(), isQuiet, versions }
    this.calls.push(call)
    return call
  }

  load(call: Call, key: string): Value {
    call.loaded = this.version(key)
    this.moment(`${name(call.instance)} #${String(call.id)} loads ${key}${String(call.loaded)}`)
    return { key, by: call.id, version: call.loaded }
  }

  end(call: Call, outcome: { result: unknown } | { error: unknown }): void {
    Object.assign(call, outcome)
    call.endedAt = this.#now()
    const took = Math.round(call.endedAt - call.begunAt)
    const text =
      'error' in outcome
        ? `rejects: ${String(outcome.error)}`
        : outcome.result === undefined
          ? 'miss'
          : JSON.stringify(outcome.result)
    call.ended = this.moment(`${name(call.instance)} #${String(call.id)} ${text} (${String(took)} ms)`)
  }

  enter(instance: number, to: ClientState): void {
    this.states[instance]?.push({ moment: this.moment(`${name(instance)} is ${to}`), to })
  }

  lose(line: string, isNoticed: boolean): void {
    this.losses.push({ moment: this.moment(line), isNoticed })
  }

  /** Notes what is sent to a store on behalf of an instance, and what becomes of it. */
  watch(instance: number, store: CacheClient): CacheClient {
    const noted = async (
      command: Effect['command'],
      names: readonly string[],
      work: () => Promise<void>,
      bytes?: Buffer,
    ): Promise<void> => {
      const [, by] = /"by":(\d+)/.exec(bytes?.toString('latin1') ?? '') ?? []
      const sent = this.moment(
        `      store: ${name(instance)} ${command} ${names.join(' ')} ${by === undefined ? '' : `#${by}`}`,
      )
      const effect: Effect = { instance, command, names, by: by === undefined ? undefined : Number(by), sent }
      this.effects.push(effect)
      await work()
      effect.done = this.moment()
    }
    return {
      connect: async () => {
        await store.connect()
        const connected = this.moment()
        for (const effect of this.effects) {
          if (effect.instance === instance && effect.done === undefined) effect.over ??= connected
        }
      },
      disconnect: () => {
        store.disconnect()
      },
      close: () => store.close(),
      onDisconnect: (listener) => {
        store.onDisconnect(listener)
      },
      ping: () => store.ping(),
      getMany: (keys) => store.getMany(keys),
      timeLeft: (key) => store.timeLeft(key),
      ensureStamps: (counter, stamps, ttlMs) => store.ensureStamps(counter, stamps, ttlMs),
      size: () => store.size(),
      set: async (key, value, ttlMs) => {
        const isAnchor = key.includes(':anchor:')
        if (!isAnchor) return noted('set', [key], () => store.set(key, value, ttlMs), value)
        await store.set(key, value, ttlMs)
        this.beats[instance] = (this.beats[instance] ?? 0) + 1
      },
      delete: (keys) => noted('delete', keys, () => store.delete(keys)),
      stamp: (counter, stamps, ttlMs) => noted('stamp', stamps, () => store.stamp(counter, stamps, ttlMs)),
      lease: (key, token, ttlMs) => store.lease(key, token, ttlMs),
      claim: (keys, token, ttlMs) => store.claim(keys, token, ttlMs),
      keepLeases: (leases, ttlMs) => store.keepLeases(leases, ttlMs),
      setLeased: async (key, value, lease) => {
        let isStored = false
        const work = async (): Promise<void> => {
          isStored = await store.setLeased(key, value, lease)
        }
        await noted('set', [key], work, value)
        return isStored
      },
      release: (lease) => store.release(lease),
      raise: (key, value, ttlMs) => noted('raise', [key], () => store.raise(key, value, ttlMs)),
    }
  }

  /** The state of an instance at a moment. */
  stateAt(instance: number, moment: number): ClientState {
    return this.states[instance]?.findLast((change) => change.moment <= moment)?.to ?? 'connecting'
  }

  /** Whether an instance was in this one state from one moment to another. */
  isThroughout(instance: number, from: number, to: number, holds: (state: ClientState) => boolean): boolean {
    const between = (this.states[instance] ?? []).filter(({ moment }) => moment > from && moment < to)
    return [this.stateAt(instance, from), ...between.map((change) => change.to)].every(holds)
  }
}

/** The claims of a token. */
export function claimsOf(token: string): { jti: string; exp: number } {
  return { jti: token, exp: Math.ceil(Date.now() / 1000) + 100_000 }
}

/** What of a call's effect the store must have seen, by name. */
export function namesOf(operation: Operation): string[] {
  switch (operation.do) {
    case 'set':
    case 'delete':
      return [operation.key]
    case 'invalidateTags':
      return [`holdfast:{ns=}:tag:${operation.tag}`]
    case 'clear':
      return ['holdfast:{ns=}:floor']
    case 'revoke':
      return [`blacklist:${identifyToken(claimsOf(operation.token)).id}`]
    default:
      return []
  }
}

/** All names by which somebody can make a key's value void. */
export function namesThatVoid(key: string): string[] {
  const tags = TAGS_OF[key] ?? []
  return [key, 'holdfast:{ns=}:floor', ...tags.map((tag) => `holdfast:{ns=}:tag:${tag}`)]
}

/** Where a call says that its change stands; `undefined` for a call that changes nothing. */
export function storedBy({ operation, result }: Call): Stored | undefined {
  const isChange = ['set', 'delete', 'invalidateTags', 'clear', 'revoke'].includes(operation.do)
  return isChange ? (result as Stored) : undefined
}

/** An instance's name in the record. */
export function name(instance: number): string {
  return instance === 0 ? 'A' : 'B'
}

/** An operation in a few words. */
export function describe(operation: Operation): string {
  return Object.values(operation).join(' ')
}

function keysChangedBy(operation: Operation): string[] {
  if (operation.do === 'set' || operation.do === 'delete') return [operation.key]
  if (operation.do === 'clear') return KEYS
  if (operation.do !== 'invalidateTags') return []
  return KEYS.filter((key) => TAGS_OF[key]?.includes(operation.tag))
}

function show(versions: ReadonlyMap<string, number>): string {
  return versions.size === 0
    ? ''
    : `-> ${[...versions].map(([key, version]) => `${key}${String(version)}`).join(' ')}`
}
