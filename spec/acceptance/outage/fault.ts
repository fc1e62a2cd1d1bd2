import type { RedisServerOptions } from '../../support/redis-server'
import type { Name, Scene } from './scene'

/** Puts things right again. Resolves when Redis answers. */
export type Heal = () => unknown

/** Something that happens to Redis, or to the way there. */
export interface Fault {
  readonly name: string
  /**
   * What the instances make of it: an outage, several, one that doesn't end, or nothing. `'forgets'` is nothing
   * to those who ask, but Redis has lost what it had.
   */
  readonly isTakenFor: 'an outage' | 'outages' | 'an outage for life' | 'nothing' | 'forgetting'
  readonly server?: RedisServerOptions
  /** Whether it takes place on the wire. */
  readonly isWired?: true
  /** Whether the instances are started within it. */
  readonly isAtStart?: true
  /** Which instances lose Redis. @default both */
  readonly hits?: readonly Name[]
  readonly bringAbout: (scene: Scene) => Heal | Promise<Heal>
  /** How long it lasts, in milliseconds. @default until each instance that is hit has noticed */
  readonly lastsMs?: number
}

/** What there is to do where a fault is over by itself. */
export function done(): void {
  // Nothing.
}
