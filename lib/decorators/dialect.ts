import 'reflect-metadata'
import type { Method } from '../cache/cached'
import { describeValue } from '../check-options'
import { InvalidOptionError, NotCacheableError } from '../errors'
import type { Class } from './declared-method'
import { DeclaredMethod } from './declared-method'

/** An async method, as the decorators see it. */
// Variance: only `any` lets a method with any parameters infer them.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AsyncMethod<Args extends readonly any[], Value> = (...args: Args) => Promise<Value>

/**
 * A decorator for an async method, under either dialect of TypeScript: standard decorators, and
 * `experimentalDecorators`. A union of argument lists, since overloads would infer nothing.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type MethodDecorator<Self, Args extends readonly any[], Value> = (
  ...decorated:
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    | [method: AsyncMethod<Args, Value>, context: ClassMethodDecoratorContext<Self, any>]
    | [target: Self, property: string | symbol, descriptor: { value?: AsyncMethod<Args, Value> }]
) => void

// The metadata tells which class a method belongs to. Where the language has no symbol for it yet, this is the one that
// esbuild, SWC and Babel take of themselves, and tsc where it is there.
if ((Symbol.metadata as symbol | undefined) === undefined) {
  const value = Symbol.for('Symbol.metadata')
  Object.defineProperty(Symbol, 'metadata', { value, configurable: true, writable: true })
}

/** Makes the method that stands in for the decorated one. */
type Wrap = (method: Method, declared: DeclaredMethod) => Method

/**
 * Applies a wrapper to a decorated method, whichever dialect the class was compiled in.
 *
 * @throws {NotCacheableError} on anything but an async method.
 */
export function decorateMethod(
  decorator: string,
  decorated: readonly unknown[],
  wrap: Wrap,
): Method | undefined {
  const [first, second, third] = decorated
  if (isStandardContext(second)) return decorateStandard(decorator, first, second, wrap)
  decorateLegacy(decorator, first, second, { descriptor: third, wrap })
  return undefined
}

function decorateStandard(decorator: string, value: unknown, context: DecoratorContext, wrap: Wrap): Method {
  if (context.kind !== 'method') {
    const on = `${decorator} on ${String(context.name)}`
    throw new NotCacheableError(`${on}: expected an async method, got ${NOUNS[context.kind]}`)
  }
  const { name, static: isStatic, metadata } = context
  // A compiler that gives none has typed it all the same.
  const home = (metadata as object | undefined) ?? {}
  const declared = new DeclaredMethod({ decorator, name, isStatic, home })
  context.addInitializer(function (this: unknown) {
    declared.meet(this)
  })
  return dress(wrap(requireMethod(declared, value), declared), value as Method)
}

function decorateLegacy(
  decorator: string,
  target: unknown,
  property: unknown,
  { descriptor, wrap }: { descriptor: unknown; wrap: Wrap },
): void {
  const isStatic = typeof target === 'function'
  const name = typeof property === 'string' || typeof property === 'symbol' ? property : 'constructor'
  const declaredIn = isStatic
    ? (target as Class)
    : (target as { constructor?: Class } | undefined)?.constructor
  const declared = new DeclaredMethod({ decorator, name, isStatic, home: target as object }, declaredIn)
  if (!isMethodDescriptor(descriptor)) {
    const got = NOUNS[property === undefined ? 'class' : kindOf(descriptor)]
    throw new NotCacheableError(`${declared.label}: expected an async method, got ${got}`)
  }
  const method = requireMethod(declared, descriptor.value)
  refuseSynchronous(declared, target as object)
  descriptor.value = dress(wrap(method, declared), method)
}

/**
 * Refuses a decorator without its parentheses, to which the method is given in place of the key.
 *
 * @throws {InvalidOptionError} naming the method. With `experimentalDecorators` nothing else would tell.
 */
export function requireParentheses(decorator: string, first: unknown, second: unknown): void {
  const isName = (typeof second === 'string' || typeof second === 'symbol') && isTarget(first)
  if (!isName && !isStandardContext(second)) return
  const name = String(isStandardContext(second) ? second.name : second)
  throw new InvalidOptionError(
    `${decorator} on ${name}`,
    `expected ${decorator}(…), got it without parentheses`,
  )
}

/** Whether it is what `experimentalDecorators` decorate: a prototype, or for static methods the class. */
function isTarget(value: unknown): boolean {
  if (typeof value === 'function') return Function.prototype.toString.call(value).startsWith('class')
  return typeof value === 'object' && value !== null
}

/** What else a decorator can stand on, in an error's words. */
const NOUNS = {
  class: 'a class',
  getter: 'a getter',
  setter: 'a setter',
  accessor: 'an accessor',
  field: 'a field',
  parameter: 'a parameter',
} as const

function isStandardContext(value: unknown): value is DecoratorContext {
  return typeof value === 'object' && value !== null && 'kind' in value && 'addInitializer' in value
}

function isMethodDescriptor(descriptor: unknown): descriptor is PropertyDescriptor {
  return (
    typeof descriptor === 'object' &&
    descriptor !== null &&
    typeof (descriptor as { value?: unknown }).value === 'function'
  )
}

/** What it is that has no method for its value. */
function kindOf(descriptor: unknown): keyof typeof NOUNS {
  if (typeof descriptor === 'number') return 'parameter'
  if (typeof descriptor !== 'object' || descriptor === null) return 'field'
  if (Reflect.get(descriptor, 'get') !== undefined) return 'getter'
  return Reflect.get(descriptor, 'set') === undefined ? 'field' : 'setter'
}

function requireMethod(declared: DeclaredMethod, method: unknown): Method {
  const isGenerator = Object.prototype.toString.call(method).includes('Generator')
  if (typeof method === 'function' && !isGenerator) return method as Method
  const got = isGenerator ? 'a generator' : describeValue(method)
  throw new NotCacheableError(`${declared.label}: expected an async method, got ${got}`)
}

/** Where the compiler has written down what the method returns, it must be a promise. */
function refuseSynchronous(declared: DeclaredMethod, target: object): void {
  const type: unknown = Reflect.getMetadata('design:returntype', target, declared.place.name)
  if (type === undefined || type === Object) return
  if (typeof type === 'function' && isThenable(type.prototype)) return
  const name = typeof type === 'function' ? type.name : 'something else'
  throw new NotCacheableError(`${declared.label}: expected an async method, got one that returns ${name}`)
}

/** Some libraries have promises of their own. */
function isThenable(value: unknown): boolean {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function'
}

/** Gives a replacement what others have put on the method, its name, length and metadata among it. */
function dress(replacement: Method, method: Method): Method {
  for (const key of Reflect.ownKeys(method)) {
    const property = Object.getOwnPropertyDescriptor(method, key)
    if (property !== undefined && !OF_EVERY_FUNCTION.has(key))
      Object.defineProperty(replacement, key, property)
  }
  for (const key of Reflect.getOwnMetadataKeys(method) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, method), replacement)
  }
  return replacement
}

/** What a function that is no method has of its own. */
const OF_EVERY_FUNCTION: ReadonlySet<string | symbol> = new Set(['prototype', 'arguments', 'caller'])
