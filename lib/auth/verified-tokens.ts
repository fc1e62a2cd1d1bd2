import { hash } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { IdentifiedToken } from './token-id'
import type { TokenHeader } from './verify-options'

/** A token that has been verified. */
export interface VerifiedToken {
  readonly token: IdentifiedToken
  /** Until when it is good, in Unix milliseconds. */
  readonly until: number
  /** By which key. */
  readonly key: KeyObject
  readonly header: TokenHeader
}

/**
 * The tokens that were verified lately, by the SHA-256 of all they are: who has another spelling has to be verified
 * anew. The token itself is not kept. Of too many, those go that were verified longest ago.
 */
export class VerifiedTokens {
  readonly #most: number
  readonly #known = new Map<string, VerifiedToken>()

  /** Takes how many are remembered. */
  constructor(most: number) {
    this.#most = most
  }

  /** The name of a token here. */
  nameOf(token: string): string {
    return hash('sha256', token, 'binary')
  }

  /** What was verified under a name, and is still good. */
  find(name: string): VerifiedToken | undefined {
    const found = this.#known.get(name)
    if (found === undefined || found.until > Date.now()) return found
    this.#known.delete(name)
    return undefined
  }

  /** Remembers what has been verified. */
  keep(name: string, verified: VerifiedToken): void {
    if (this.#most === 0) return
    if (this.#known.size >= this.#most) this.#forgetOldest()
    this.#known.set(name, verified)
  }

  /** Forgets one. */
  forget(name: string): void {
    this.#known.delete(name)
  }

  /** Forgets all of them. */
  clear(): void {
    this.#known.clear()
  }

  #forgetOldest(): void {
    // A tenth at a time: to look for the first in a Map costs more, the more were taken from its front.
    let left = Math.ceil(this.#most / 10)
    for (const name of this.#known.keys()) {
      if (left === 0) return
      this.#known.delete(name)
      left -= 1
    }
  }
}
