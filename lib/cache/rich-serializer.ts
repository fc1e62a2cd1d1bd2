import { types } from 'node:util'
import * as v8 from 'node:v8'
import { hasNamedProperties, isPlainPrototype } from './plain-json'
import type { Serializer } from './serializer'

/**
 * Keeps the types that structured cloning keeps (`node:v8`), and beyond these `URL`, `Buffer` and errors with
 * their class, stack, cause and own properties; shared references and cycles too. Objects with a `toJSON` method
 * are written as what it gives, other class instances as their own enumerable properties. Functions, symbols,
 * promises, weak collections and the like are refused, wherever they are, with a `TypeError`.
 */
export const richSerializer: Serializer = Object.freeze({ name: 'rich', serialize, deserialize })

const NATIVE = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]
const ERRORS = [...NATIVE, AggregateError] as const

/** The kinds of what V8 leaves to us, by their place in the format: add at the end only. */
const KINDS = (
  'URL Error Buffer DataView Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array ' +
  'Int32Array Uint32Array Float32Array Float64Array BigInt64Array BigUint64Array Float16Array'
).split(' ')

type Members = Record<string, unknown>
/** What stands for an error or a URL: V8 leaves views to us, so that a view can mean something else. */
type StandIns = Map<ArrayBufferView, URL | Error>
/** An error's stand-in, then its members that are not enumerable, and those that are. */
type ErrorParts = [error: unknown, hidden: Members, shown: Members]

/** Whether `node:v8` makes objects of another realm than this code's, as it does under Jest. */
const isForeignRealm = !(v8.deserialize(v8.serialize({})) instanceof Object)

const REFUSED_TAG = /Promise|SharedArrayBuffer|Weak(Map|Set|Ref)|FinalizationRegistry|(Iterator|Generator)\]$/
const REFUSED = 'a promise, an iterator, or something weak or shared cannot be written'
const FOREIGN = 'not written by this serializer'
const TYPED_ARRAY = Object.getPrototypeOf(Uint8Array.prototype) as object

class RefusedValueError extends TypeError {}

function serialize(value: unknown): Buffer {
  const copier = new Copier()
  try {
    const root = [copier.copy(value), copier.errors]
    const writer = new Writer(copier.standIns)
    writer.writeHeader()
    writer.writeValue(root)
    return writer.releaseBuffer()
  } catch (error) {
    if (error instanceof RefusedValueError) throw error
    const why = error instanceof RangeError ? 'nested too deep, or too large' : 'a part of it cannot be read'
    // eslint-disable-next-line preserve-caught-error -- What V8, a getter or a toJSON says may show the value.
    throw new TypeError(`the value cannot be written: ${why}`)
  }
}

function deserialize(bytes: Buffer): unknown {
  const reader = new Reader(bytes)
  reader.readHeader()
  const root: unknown = reader.readValue()
  if (isForeignRealm) bringHome(root)
  if (!Array.isArray(root) || !Array.isArray(root[1])) throw new TypeError(FOREIGN)
  for (const [error, hidden, shown] of root[1] as ErrorParts[]) {
    if (!types.isNativeError(error)) throw new TypeError(FOREIGN)
    for (const [key, value] of Object.entries(hidden)) define(error, key, value, false)
    for (const [key, value] of Object.entries(shown)) define(error, key, value, true)
  }
  return root[0]
}

/** Makes the copy that V8 writes: plain where V8 would lose or show something, references as they are. */
class Copier {
  readonly standIns: StandIns = new Map()
  readonly errors: ErrorParts[] = []
  readonly #copies = new Map<object, unknown>()

  copy(value: unknown): unknown {
    if (typeof value === 'function' || typeof value === 'symbol')
      throw new RefusedValueError(`a ${typeof value} cannot be written`)
    if (typeof value !== 'object' || value === null) return value
    const known = this.#copies.get(value)
    if (known !== undefined) return known
    return this.#copyBuiltIn(value) ?? this.#copyJson(value)
  }

  #copyJson(value: object): unknown {
    const { toJSON } = value as { toJSON?: unknown }
    if (typeof toJSON !== 'function') return this.#copyMembers(value, value)
    const json: unknown = Reflect.apply(toJSON, value, [''])
    if (typeof json !== 'object' || json === null) return this.copy(json)
    return this.#copies.get(json) ?? this.#copyBuiltIn(json) ?? this.#copyMembers(json, value)
  }

  #copyMembers(source: object, original: object): unknown {
    const copy = this.#remember(original, this.#remember(source, Array.isArray(source) ? [] : {}))
    return Array.isArray(copy) ? this.#fillArray(copy, source as unknown[]) : this.#fill(copy, source)
  }

  #fillArray(copy: unknown[], source: readonly unknown[]): unknown[] {
    for (let index = 0; index < source.length; index += 1) {
      const member = source[index]
      if (member === undefined && !(index in source)) {
        copy.length = source.length
        return this.#fill(copy, source)
      }
      // Not by index: V8 writes an array that was ever without an element as a sparse one.
      copy.push(this.copy(member))
    }
    return hasNamedProperties(source) ? this.#fill(copy, source) : copy
  }

  #fill<Copy extends object>(copy: Copy, source: object): Copy {
    const members = copy as Members
    for (const key of Object.keys(source)) {
      const value = this.copy((source as Members)[key])
      if (key === '__proto__') define(copy, key, value, true)
      else members[key] = value
    }
    return copy
  }

  #copyBuiltIn(value: object): object | undefined {
    if (Array.isArray(value) || isPlainPrototype(Object.getPrototypeOf(value) as object | null))
      return undefined
    if (types.isDate(value) || ArrayBuffer.isView(value)) return this.#remember(value, value)
    if (types.isMap(value)) {
      const copy = this.#remember(value, new Map<unknown, unknown>())
      Map.prototype.forEach.call(value, (member, key) => copy.set(this.copy(key), this.copy(member)))
      return copy
    }
    if (types.isSet(value)) {
      const copy = this.#remember(value, new Set())
      Set.prototype.forEach.call(value, (member) => copy.add(this.copy(member)))
      return copy
    }
    if (types.isNativeError(value) || value instanceof Error) return this.#copyError(value)
    if (value instanceof URL) return this.#standFor(value)
    if (types.isRegExp(value) || types.isArrayBuffer(value) || types.isBoxedPrimitive(value)) {
      return this.#remember(value, value)
    }
    const isThenable = 'then' in value && typeof value.then === 'function'
    if (isThenable || REFUSED_TAG.test(Object.prototype.toString.call(value)))
      throw new RefusedValueError(REFUSED)
    return undefined
  }

  #copyError(error: Error): object {
    const standIn = this.#standFor(error)
    const native = ERRORS[nativeClass(error)]?.prototype as unknown as Members
    const [hidden, shown]: [Members, Members] = [{}, {}]
    this.errors.push([standIn, hidden, shown])
    for (const key of ['name', 'message', 'stack', 'cause', 'errors']) {
      const value = (error as unknown as Members)[key]
      const isInherited = !Object.hasOwn(error, key) && value === native[key]
      if (!isInherited && !Object.prototype.propertyIsEnumerable.call(error, key))
        hidden[key] = this.copy(value)
    }
    this.#fill(shown, error)
    return standIn
  }

  #standFor(value: URL | Error): object {
    const standIn = new Uint8Array(0)
    this.standIns.set(standIn, value)
    return this.#remember(value, standIn)
  }

  #remember<Copy extends object>(value: object, copy: Copy): Copy {
    this.#copies.set(value, copy)
    return copy
  }
}

class Writer extends v8.Serializer {
  // Documented by Node, and missing from its types.
  declare _setTreatArrayBufferViewsAsHostObjects: (areHostObjects: boolean) => void

  constructor(readonly standIns: StandIns) {
    super()
    this._setTreatArrayBufferViewsAsHostObjects(true)
  }

  _writeHostObject(view: NodeJS.ArrayBufferView): void {
    const meant = this.standIns.get(view)
    if (meant instanceof URL) this.#writeBytes('URL', Buffer.from(meant.href))
    else if (meant === undefined) this.#writeBytes(kindOfView(view), view)
    else {
      this.writeUint32(KINDS.indexOf('Error'))
      this.writeUint32(nativeClass(meant))
    }
  }

  #writeBytes(kind: string, bytes: NodeJS.ArrayBufferView): void {
    this.writeUint32(KINDS.indexOf(kind))
    this.writeUint32(bytes.byteLength)
    this.writeRawBytes(bytes)
  }

  // What Node would make of this shows the value in its message.
  _getDataCloneError(): Error {
    return new RefusedValueError(REFUSED)
  }
}

class Reader extends v8.Deserializer {
  _readHostObject(): object {
    const kind = KINDS[this.readUint32()] ?? ''
    const length = this.readUint32()
    if (kind === 'Error') return makeError(length)
    // A copy, for what is read here is a view of the bytes.
    const bytes = new Uint8Array(this.readRawBytes(length))
    if (kind === 'URL') return new URL(Buffer.from(bytes).toString())
    if (kind === 'Buffer') return Buffer.from(bytes.buffer)
    const View = (globalThis as unknown as Record<string, typeof Uint8Array | undefined>)[kind]
    if (View === undefined) throw new TypeError('holds an array of a class that this Node.js does not have')
    return new View(bytes.buffer)
  }
}

function makeError(index: number): Error {
  const NativeError = ERRORS[index] ?? Error
  return Reflect.construct(NativeError, NativeError === AggregateError ? [[]] : []) as Error
}

/** The nearest of V8's own classes, by name: an error may come from another realm. */
function nativeClass(error: object): number {
  const prototype = Object.getPrototypeOf(error) as object | null
  if (prototype === null) return 0
  const index = ERRORS.findIndex(({ name }) => name === prototype.constructor.name)
  return index === -1 ? nativeClass(prototype) : index
}

function kindOfView(view: ArrayBufferView): string {
  if (Buffer.isBuffer(view)) return 'Buffer'
  return String(Reflect.get(TYPED_ARRAY, Symbol.toStringTag, view) ?? 'DataView')
}

function define(target: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true })
}

/** Gives what V8 made in another realm the prototypes of this one, in place. */
function bringHome(root: unknown): void {
  const home = globalThis as unknown as Record<string, { prototype: object } | undefined>
  const seen = new Set<unknown>([root])
  for (const value of seen) {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) continue
    const name = Object.prototype.toString.call(value).slice(8, -1)
    if (!(value instanceof Object)) Object.setPrototypeOf(value, home[name]?.prototype ?? null)
    if (value instanceof Map) for (const entry of value) for (const part of entry as unknown[]) seen.add(part)
    const members: Iterable<unknown> = value instanceof Set ? value : Object.values(value)
    for (const member of members) seen.add(member)
  }
}
