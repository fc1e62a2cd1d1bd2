import { setTimeout as later } from 'node:timers/promises'
import type { Cache } from 'holdfast'
import { createCache } from 'holdfast'
import { eventually } from '../../support/eventually'

/** What a worker is told to do. */
export type Order =
  | { readonly connect: string }
  | { readonly ask: string; readonly callers: number; readonly loadMs: number }
  | { readonly change: 'delete' | 'set'; readonly key: string }
  | { readonly invalidate: string }

/** What came of it. */
export interface Report {
  /** What the callers got, each answer once. */
  readonly answers: string[]
  /** How many loaders ran. */
  readonly loads: number
  readonly ms: number
}

let cache: Cache | undefined

async function carryOut(order: Order): Promise<Report | string> {
  if ('connect' in order) {
    cache = createCache({ redis: order.connect, logger: false, commandTimeout: 5000 })
    const connecting = cache
    await eventually(() => connecting.isConnected)
    return 'connected'
  }
  if (cache === undefined) throw new Error('Not connected')
  if ('change' in order) {
    return order.change === 'delete' ? cache.delete(order.key) : cache.set(order.key, 'set', '1h')
  }
  if ('invalidate' in order) return cache.invalidateTags(order.invalidate)
  return ask(cache, order)
}

async function ask(
  asked: Cache,
  { ask: key, callers, loadMs }: Extract<Order, { ask: string }>,
): Promise<Report> {
  const begun = performance.now()
  let loads = 0
  const load = async (): Promise<string> => {
    loads += 1
    process.send?.({ loading: key })
    await later(Math.abs(loadMs))
    if (loadMs < 0) throw new Error('no value')
    return `made by ${String(process.pid)}`
  }
  const answers = await Promise.all(
    Array.from({ length: callers }, () => asked.getOrSet(key, load, '1h', { tags: ['tag'] })),
  )
  return { answers: [...new Set(answers)], loads, ms: performance.now() - begun }
}

process.on('message', ({ id, order }: { id: number; order: Order }) => {
  carryOut(order).then(
    (result) => process.send?.({ id, result }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  )
})
process.send?.('here')
