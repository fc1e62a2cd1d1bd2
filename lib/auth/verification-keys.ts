import { createPublicKey, createSecretKey, KeyObject } from 'node:crypto'
import type { JsonWebKey } from 'node:crypto'
import { InvalidOptionError } from '../errors'
import type { VerificationKey } from './verify-options'

const MOST_KEYS = 100

/** Makes keys of what is given for them, once each: to read a key costs more than to verify with it. */
export class VerificationKeys {
  readonly #isSecret: boolean
  readonly #made = new Map<VerificationKey, KeyObject>()

  /** Takes whether keys are secrets; public keys otherwise. */
  constructor(isSecret: boolean) {
    this.#isSecret = isSecret
  }

  /**
   * The key that was given, ready for use: the same one each time.
   *
   * @throws {InvalidOptionError} for what is no key of this kind. It is not shown.
   */
  of(given: VerificationKey): KeyObject {
    const made = this.#made.get(given) ?? this.#make(given)
    if (this.#made.size >= MOST_KEYS) this.#made.clear()
    this.#made.set(given, made)
    return made
  }

  #make(given: VerificationKey): KeyObject {
    const key = this.#read(given)
    const isOfKind = (key?.type === 'secret') === this.#isSecret
    // With an empty secret anybody can sign.
    if (key !== undefined && isOfKind && key.symmetricKeySize !== 0) return this.#known(key)
    throw new InvalidOptionError(
      'rejectBlacklisted: verify.key',
      this.#isSecret
        ? 'expected a secret that is not empty, as a string, a Buffer or a KeyObject, for the algorithms HS…'
        : 'expected a public key, as a PEM, a JWK or a KeyObject; a secret goes with the algorithms HS… alone',
    )
  }

  #read(given: VerificationKey): KeyObject | undefined {
    try {
      if (given instanceof KeyObject) return given.type === 'private' ? createPublicKey(given) : given
      if (typeof given !== 'string' && !Buffer.isBuffer(given))
        return createPublicKey({ key: given as JsonWebKey, format: 'jwk' })
      return this.#isSecret ? createSecretKey(Buffer.from(given as string)) : createPublicKey(given)
    } catch {
      return undefined
    }
  }

  /** Who makes a new object of the same key each time means the same key. */
  #known(key: KeyObject): KeyObject {
    for (const known of this.#made.values()) if (known.type === key.type && known.equals(key)) return known
    return key
  }
}
