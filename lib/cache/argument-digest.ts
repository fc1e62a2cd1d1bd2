import { hash } from 'node:crypto'
import { types } from 'node:util'
import { describeValue } from '../check-options'
import { InvalidKeyError } from '../errors'
import type { Owner } from './cache-key'

/**
 * What all arguments of a call come to, in 43 characters: SHA-256 of an encoding in which different arguments never
 * read the same. Equal ones do: the order of properties, and that within a `Map` or a `Set`, is of no account.
 *
 * @throws {InvalidKeyError} naming the argument, for what an encoding can't tell from others of its kind: a function,
 *   a symbol of one's own, an instance of a class that has no `toJSON`, a cycle.
 */
export function digestArguments(owner: Owner, args: readonly unknown[]): string {
  return hash('sha256', new Encoding(owner).ofAll(args), 'base64url')
}

/** Every encoding begins with a letter for its type and shows where it ends. */
class Encoding {
  readonly #owner: Owner
  /** Which argument it is about, from 0. */
  #position = 0
  /** The objects that lie around the one that is being encoded. */
  readonly #around: object[] = []

  constructor(owner: Owner) {
    this.#owner = owner
  }

  ofAll(args: readonly unknown[]): string {
    let all = ''
    for (this.#position = 0; this.#position < args.length; this.#position += 1) {
      all += this.of(args[this.#position])
    }
    return all
  }

  of(value: unknown): string {
    switch (typeof value) {
      case 'string':
        return text(value)
      case 'number':
        return `n${Object.is(value, -0) ? '-0' : String(value)};`
      case 'bigint':
        return `i${String(value)};`
      case 'boolean':
        return value ? 'T' : 'F'
      case 'undefined':
        return 'U'
      case 'symbol':
        return this.#ofSymbol(value)
      case 'object':
        return value === null ? 'N' : this.#ofObject(value)
      default:
        throw this.#refusal(value)
    }
  }

  #ofSymbol(symbol: symbol): string {
    const name = Symbol.keyFor(symbol)
    if (name === undefined) throw this.#refusal(symbol)
    return `y${text(name)}`
  }

  #ofObject(value: object): string {
    const leaf = encodeLeaf(value)
    if (leaf !== undefined) return leaf
    if (this.#around.includes(value)) throw this.#error('expected no cycle, got an object that holds itself')
    this.#around.push(value)
    const encoded = this.#ofHolder(value)
    this.#around.pop()
    return encoded
  }

  #ofHolder(value: object): string {
    if (Array.isArray(value)) return this.#ofArray(value)
    if (types.isMap(value)) {
      const entries = [...value].map(([key, held]) => this.of(key) + this.of(held))
      return `M${entries.sort().join('')}.`
    }
    if (types.isSet(value))
      return `S${Array.from(value, (held) => this.of(held))
        .sort()
        .join('')}.`
    if (isPlainObject(value)) return `O${this.#ofProperties(value)}.`
    if ('toJSON' in value && typeof value.toJSON === 'function') {
      return `J${text(className(value))}${this.of(Reflect.apply(value.toJSON, value, []))}`
    }
    throw this.#refusal(value)
  }

  /** By position, holes left out; an array may have properties as well, as the result of a match has. */
  #ofArray(array: readonly unknown[]): string {
    const isDense = Reflect.ownKeys(array).length === array.length + 1 && !array.includes(undefined)
    if (isDense) return `A${array.map((held) => this.of(held)).join('')}.`
    return `H${String(array.length)};${this.#ofProperties(array)}.`
  }

  #ofProperties(value: object): string {
    const names = Reflect.ownKeys(value).filter((name) =>
      Object.prototype.propertyIsEnumerable.call(value, name),
    )
    return names
      .map((name) => this.of(name) + this.of((value as Record<PropertyKey, unknown>)[name]))
      .sort()
      .join('')
  }

  #refusal(value: unknown): InvalidKeyError {
    const expected = 'expected plain data or an object with toJSON, or else a key of its own for the method'
    return this.#error(`${expected}, got ${describeValue(value)}`)
  }

  #error(message: string): InvalidKeyError {
    const argument = `argument ${String(this.#position + 1)} in the default key`
    return new InvalidKeyError(`${this.#owner.label}: ${argument}: ${message}`)
  }
}

function className({ constructor }: object): string {
  const { name } = constructor as { name?: unknown }
  return typeof name === 'string' ? name : ''
}

/** Of whichever realm: what Node.js gives to a test that Jest runs has another `Object`. */
function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype === null) return true
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf')
}

/** The objects that hold bytes or text of their own, by which they are compared. */
function encodeLeaf(value: object): string | undefined {
  if (types.isDate(value)) return `D${String(value.getTime())};`
  if (types.isRegExp(value)) return `R${text(value.source)}${text(value.flags)}`
  if (value instanceof URL) return `L${text(value.href)}`
  if (value instanceof URLSearchParams) return `Q${text(value.toString())}`
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteOffset, byteLength } = value
    // A Buffer is the bytes of an Uint8Array under another name.
    return `B${text(Object.prototype.toString.call(value))}${bytes(new Uint8Array(buffer, byteOffset, byteLength))}`
  }
  return types.isAnyArrayBuffer(value) ? `B${bytes(new Uint8Array(value))}` : undefined
}

function bytes(view: Uint8Array): string {
  return text(Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64'))
}

/** Half a surrogate pair is written as an escape: UTF-8 would make all of them one. */
function text(value: string): string {
  return JSON.stringify(value)
}
