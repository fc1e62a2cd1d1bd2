import 'reflect-metadata'
import { describeValue } from '../check-options'
import { NotCacheableError } from '../errors'

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

type Method = (this: unknown, ...args: unknown[]) => Promise<unknown>

/** Makes the method that stands in for the decorated one. `owner` is how errors name it. */
type Wrap = (method: Method, owner: string) => Method

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
  if (isStandardContext(second)) {
    const owner = `${decorator} on ${String(second.name)}`
    return replace(requireMethod(owner, second.kind === 'method' ? first : second.kind), owner, wrap)
  }
  const owner = `${decorator} on ${className(first)}.${propertyName(second)}`
  const descriptor = third as PropertyDescriptor | undefined
  const method = requireMethod(owner, descriptor?.value)
  refuseSynchronous(owner, first, second)
  if (descriptor !== undefined) descriptor.value = replace(method, owner, wrap)
  return undefined
}

function isStandardContext(value: unknown): value is DecoratorContext {
  return typeof value === 'object' && value !== null && 'kind' in value && 'addInitializer' in value
}

function requireMethod(owner: string, method: unknown): Method {
  const isGenerator = Object.prototype.toString.call(method).includes('Generator')
  if (typeof method === 'function' && !isGenerator) return method as Method
  const got = isGenerator ? 'a generator' : describeValue(method)
  throw new NotCacheableError(`${owner}: expected an async method, got ${got}`)
}

/** Where the compiler has written down what the method returns, it must be a promise. */
function refuseSynchronous(owner: string, target: unknown, property: unknown): void {
  if (typeof target !== 'object' && typeof target !== 'function') return
  const type: unknown = Reflect.getMetadata(
    'design:returntype',
    target as object,
    property as string | symbol,
  )
  if (type === undefined || type === Promise || type === Object) return
  if (typeof type === 'function' && type.prototype instanceof Promise) return
  const name = typeof type === 'function' ? type.name : 'something else'
  throw new NotCacheableError(`${owner}: expected an async method, got one that returns ${name}`)
}

function replace(method: Method, owner: string, wrap: Wrap): Method {
  const replacement = wrap(method, owner)
  for (const name of ['name', 'length'] as const) {
    Object.defineProperty(replacement, name, { value: method[name], configurable: true })
  }
  return replacement
}

function className(target: unknown): string {
  if (typeof target === 'function') return target.name
  return (target as { constructor?: { name?: string } } | undefined)?.constructor?.name ?? 'a class'
}

function propertyName(property: unknown): string {
  return typeof property === 'string' || typeof property === 'symbol' ? String(property) : 'constructor'
}
