import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** An RSA key pair as RS256 needs it, made for one run. */
export function rsaKeys(): { privateKey: KeyObject; publicKey: KeyObject } {
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
}

/** A P-256 key pair as ES256 needs it, made for one run. */
export function p256Keys(): { privateKey: KeyObject; publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** The token with each character there is at its end. */
export function withEveryLastCharacter(token: string): string[] {
  return Array.from(ALPHABET, (letter) => token.slice(0, -1) + letter)
}

/** An ES256 token with the other signature that fits: for every (r, s) there is (r, n − s). */
export function withTwinSignature(token: string): string {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`)
  const twin = Buffer.from((P256_ORDER - s).toString(16).padStart(64, '0'), 'hex')
  return [header, payload, Buffer.concat([bytes.subarray(0, 32), twin]).toString('base64url')].join('.')
}
