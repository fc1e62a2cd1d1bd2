import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import type { ClientState, Stored } from 'holdfast'
import type { Stamping } from '../../lib/client/invalidation'
import type { ResilientClient } from '../../lib/client/resilient-client'
import { eventually } from './eventually'

const LONG_MS = 60_000

/** What is under a key, as text. */
export async function read(client: ResilientClient, key: string): Promise<string | undefined> {
  const [value] = await client.read((store) => store.getMany([key]))
  return value?.toString()
}

/** What is under these keys, as text, `'undefined'` where there is nothing. */
export async function readAll(client: ResilientClient, ...keys: string[]): Promise<string[]> {
  const values = await client.read((store) => store.getMany(keys))
  return values.map(String)
}

/** Changes what is under a key. */
export function write(client: ResilientClient, key: string, value: string): Promise<Stored> {
  return client.write({
    command: (store) => store.set(key, Buffer.from(value), LONG_MS),
    invalidation: { keys: [key] },
  })
}

/** Keeps under a key what was loaded: no change of it. */
export function load(client: ResilientClient, key: string, value: string): Promise<Stored> {
  return client.write({ command: (store) => store.set(key, Buffer.from(value), LONG_MS) })
}

/** Takes these keys away. */
export function drop(client: ResilientClient, ...keys: string[]): Promise<Stored> {
  return client.invalidate({ keys })
}

/** Makes sure of the stamps. The count as it stands. */
export function ground(client: ResilientClient, { counter, stamps, ttlMs }: Stamping): Promise<string> {
  return client.read((store) => store.ensureStamps(counter, stamps, ttlMs))
}

/** Waits until a client is in a state. */
export async function reached(client: ResilientClient, state: ClientState): Promise<void> {
  await eventually(() => {
    expect(client.state).to.equal(state)
  })
}

/** What a promise resolves with that waits for no timer and no socket. */
export async function atOnce<Result>(promise: Promise<Result>): Promise<Result> {
  const late = Symbol('late')
  const first = await Promise.race([promise, turn(late)])
  if (first === late) throw new Error('It waits')
  return first
}
