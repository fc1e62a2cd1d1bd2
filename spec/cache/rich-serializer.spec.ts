import { deepStrictEqual } from 'node:assert'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import vm from 'node:vm'
import { expect } from 'chai'
import fc from 'fast-check'
import ts from 'typescript'
import { richSerializer } from '../../lib/cache/rich-serializer'

function copyOf(value: unknown): unknown {
  return richSerializer.deserialize(richSerializer.serialize(value))
}

describe('The rich serializer', () => {
  const bytes = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8])
  const values: Record<string, unknown> = {
    undefined,
    null: null,
    'an empty string': '',
    'not a number': NaN,
    '-0': -0,
    'the infinite': Infinity,
    'a bigint': -(2n ** 80n),
    'a lone surrogate': 'a\ud800',
    'a Date': new Date(5),
    'a RegExp': /a\/b/giu,
    'a Map with objects as keys': new Map([[{ at: new Date(1) }, new Set([1, undefined])]]),
    'an ArrayBuffer': bytes.buffer,
    'a DataView': new DataView(bytes.buffer),
    'a sparse array': Array.from({ length: 3 }, (_, i) => i).with(1, 9),
    'what match gives': /b/.exec('abc'),
    'an own key __proto__': JSON.parse('{"__proto__":{"polluted":true}}') as unknown,
  }
  for (const [name, value] of Object.entries(values)) {
    it(`keeps ${name}, alone and inside`, () => {
      expect(copyOf(value)).to.deep.equal(value)
      expect(copyOf({ in: [value] })).to.deep.equal({ in: [value] })
    })
  }

  for (const View of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Float64Array, BigInt64Array]) {
    it(`keeps a ${View.name}, and its own part of the memory only`, () => {
      const view = new View(bytes.buffer)
      const copy = copyOf(view) as typeof view
      expect(copy).to.be.instanceOf(View)
      expect(copy).to.deep.equal(view)
    })
  }

  it('keeps a Buffer, which shares no memory with the bytes', () => {
    const written = richSerializer.serialize(Buffer.from('secret').subarray(0, 3))
    const first = richSerializer.deserialize(written) as Buffer
    first.fill(0)
    expect(Buffer.isBuffer(first)).to.equal(true)
    expect(String(richSerializer.deserialize(written))).to.equal('sec')
    expect(written.includes('ret')).to.equal(false)
  })

  it('keeps an invalid Date, a URL and the holes of an array', () => {
    expect((copyOf(new Date(NaN)) as Date).getTime()).to.be.NaN
    expect(copyOf(new URL('http://a.b/é')))
      .to.be.instanceOf(URL)
      .with.property('href', 'http://a.b/%C3%A9')
    const holes: number[] = []
    holes[4_000_000_000] = 1
    const copy = copyOf(holes) as number[]
    expect([copy.length, Object.keys(copy)]).to.deep.equal([4_000_000_001, ['4000000000']])
  })

  it('keeps the class, message, stack, cause and properties of an error', () => {
    class LateError extends TypeError {
      override name = 'LateError'
      readonly code = 'E_LATE'
    }
    const error = new LateError('late', { cause: new RangeError('range') })
    const copy = copyOf({ error }) as { error: LateError }
    expect(copy.error).to.be.instanceOf(TypeError).and.not.instanceOf(LateError)
    expect(copy.error.cause).to.be.instanceOf(RangeError)
    for (const key of ['name', 'message', 'stack', 'code'] as const)
      expect(copy.error[key]).to.equal(error[key])
    expect(Object.keys(copy.error)).to.deep.equal(Object.keys(error))
    const several = copyOf(new AggregateError([new SyntaxError('s')])) as AggregateError
    expect(several.errors[0]).to.be.instanceOf(SyntaxError)
  })

  it('keeps shared references and cycles, through errors and toJSON too', () => {
    const shared = { at: new Date(1) }
    const error = new Error('x') as Error & { own?: unknown }
    error.own = error
    const parent: Record<string, unknown> = { shared, again: shared, error }
    parent['child'] = { toJSON: () => ({ parent }) }
    const copy = copyOf(parent) as Record<string, { own?: unknown; parent?: unknown }>
    expect(copy['shared']).to.equal(copy['again'])
    expect(copy['error']?.own).to.equal(copy['error'])
    expect(copy['child']?.parent).to.equal(copy)
  })

  it('writes what toJSON gives, and other instances as their own properties', () => {
    class Document {
      constructor(readonly id: number) {}
      toJSON(): object {
        return { id: this.id, at: new Date(this.id) }
      }
    }
    class Point {
      x = 1
      get y(): number {
        return this.x + 1
      }
    }
    expect(copyOf([new Document(3), new Point()])).to.deep.equal([{ id: 3, at: new Date(3) }, { x: 1 }])
  })

  it('keeps the named properties of a short array', () => {
    const match = Object.assign(['b'], { index: 1, input: 'abc' })
    expect(Object.entries(copyOf(match) as object)).to.deep.equal(Object.entries(match))
  })

  it('keeps one object one, whether toJSON gives it or has it', () => {
    const json = { id: 1 }
    const [first, second] = copyOf([{ toJSON: () => json }, { toJSON: () => json }]) as unknown[]
    expect(first).to.equal(second)
    const fresh = { toJSON: () => ({ id: 1 }) }
    const [one, again] = copyOf([fresh, fresh]) as unknown[]
    expect(one).to.equal(again)
  })

  const refused: Record<string, unknown> = {
    'a function': () => 'secret',
    'a symbol': Symbol('secret'),
    'a promise': Promise.resolve('secret'),
    'a thenable': new (class {
      then(): string {
        return 'secret'
      }
    })(),
    'a WeakMap': new WeakMap(),
    'a WeakRef': new WeakRef({}),
    'shared memory': new SharedArrayBuffer(1),
    'an iterator': ['secret'].values(),
    'a toJSON that throws': {
      toJSON: () => {
        throw new Error('secret')
      },
    },
  }
  for (const [name, value] of Object.entries(refused)) {
    it(`refuses ${name} anywhere inside, without showing it`, () => {
      expect(() => richSerializer.serialize(new Map([[{ value }, 1]])))
        .to.throw(TypeError)
        .and.satisfy((error: Error) => !error.message.includes('secret') && error.message.length < 100)
    })
  }

  it('refuses what is nested too deep', () => {
    let deep = {}
    for (let depth = 0; depth < 100_000; depth += 1) deep = { deep }
    expect(() => richSerializer.serialize(deep)).to.throw(TypeError, 'too deep')
  })

  it('pollutes no prototype', () => {
    const copy = copyOf({ date: new Date(), __proto__x: 1, ...JSON.parse('{"constructor":{"prototype":1}}') })
    copyOf(JSON.parse('{"__proto__":{"polluted":true}}'))
    expect(({} as { polluted?: boolean }).polluted).to.equal(undefined)
    expect(Object.getPrototypeOf(copy)).to.equal(Object.prototype)
  })

  it('throws for bytes that it did not write, and for bytes cut short', () => {
    const written = richSerializer.serialize({ a: new Float64Array(4), url: new URL('a:b') })
    for (let length = 0; length < written.length; length += 1) {
      expect(() => richSerializer.deserialize(written.subarray(0, length))).to.throw()
    }
    expect(() => richSerializer.deserialize(Buffer.from('{"a":1}'))).to.throw()
  })

  it('makes values of the realm that it runs in, as under Jest', () => {
    const file = require.resolve('../../lib/cache/rich-serializer.ts')
    const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
    })
    const context = vm.createContext({ Buffer, URL, exports: {}, require: createRequire(file) })
    const found: unknown = vm.runInContext(
      `${outputText}
      const copy = exports.richSerializer.deserialize(exports.richSerializer.serialize(
        { map: new Map([[new Date(), [new Set()]]]), error: new TypeError('x', { cause: {} }), f: new Float32Array(1) }))
      const [[date, [set]]] = copy.map
      ;[copy instanceof Object, copy.map instanceof Map, date instanceof Date, set instanceof Set,
        copy.error instanceof TypeError, copy.error.cause instanceof Object, copy.f instanceof Float32Array].join()`,
      context,
    )
    expect(found).to.equal(Array(7).fill(true).join())
  })

  it('gives back any value that it takes', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withSparseArray: true,
    })
    fc.assert(
      fc.property(anything, (value) => {
        // chai makes text of the members of a Set, which not all of them can be.
        deepStrictEqual(copyOf(value), value)
      }),
    )
  })
})
