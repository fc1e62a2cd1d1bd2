import type { Clock } from 'holdfast'

/** A clock that stands until it is told otherwise. */
export class ManualClock implements Clock {
  #now: number
  #monotonic = 1

  constructor(start: string | number = Date.now()) {
    this.#now = new Date(start).getTime()
  }

  /** The time of day in whole seconds, as JWT claims have it. */
  get seconds(): number {
    return Math.floor(this.#now / 1000)
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#monotonic
  }

  /** Lets time go by, for both of its readings. */
  advance(milliseconds: number): void {
    this.#now += milliseconds
    this.#monotonic += milliseconds
  }

  /** Somebody puts the time of day right; lifetimes go on as before. */
  step(milliseconds: number): void {
    this.#now += milliseconds
  }
}
