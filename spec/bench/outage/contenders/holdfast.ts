import { createCache } from 'holdfast'
import type { Contender } from './contender'
// It is loaded when a cache is made: a service has it compiled, here tsx compiles it first.
import '../../../../lib/client/redis-client'

/** Holdfast, with nothing said but where Redis is. */
export function openHoldfast(port: number): Contender {
  return createCache({ redis: `redis://127.0.0.1:${String(port)}` })
}
