import type { Owner } from '../cache/cache-key'
import type { Method } from '../cache/cached'
import { requirePromise } from '../cache/cached'

/** What is done around one run of a method. */
export interface Effect {
  /** Before it runs. */
  readonly before?: () => Promise<void>
  /** When it has succeeded. The caller waits for it, and learns of what it throws. */
  readonly after: (result: unknown) => Promise<void>
  /** When it has failed. */
  readonly failed?: () => Promise<void>
}

/** What is to be done around a call; nothing for a call that is none of its business. */
export type EffectOf = (self: unknown, args: readonly unknown[]) => Effect | undefined

interface Surrounded {
  readonly owner: Owner
  readonly method: Method
  /** The outer ones first. */
  readonly effects: readonly EffectOf[]
}

const surrounded = new WeakMap<Method, Surrounded>()

/**
 * The method with an effect around it. Several around one method are one function: the trace of an error shows one line
 * of ours, however many they are.
 */
export function surround(owner: Owner, method: Method, effect: EffectOf): Method {
  const within = surrounded.get(method) ?? { owner, method, effects: [] }
  const whole = { ...within, effects: [effect, ...within.effects] }
  const call: Method = async function (...args) {
    // Found before anything is done: arguments that name nothing are an error before anything has changed.
    const effects = whole.effects.flatMap((of) => of(this, args) ?? [])
    for (const { before } of effects) if (before !== undefined) await before()
    let result: unknown
    try {
      result = await requirePromise(whole.owner, Reflect.apply(whole.method, this, args))
    } catch (error) {
      for (const { failed } of effects.toReversed()) if (failed !== undefined) await failed()
      throw error
    }
    await finish(effects, result)
    return result
  }
  surrounded.set(call, whole)
  return call
}

/** From the inner to the outer ones, each whatever has become of the others. */
async function finish(effects: readonly Effect[], result: unknown): Promise<void> {
  const inner = effects.at(-1)
  if (inner === undefined) return
  try {
    await inner.after(result)
  } finally {
    await finish(effects.slice(0, -1), result)
  }
}
