import { inspect as show } from 'node:util'
import { expect } from 'chai'
import { cached, InvalidKeyError, InvalidOptionError } from 'holdfast'
import type { KeyFunction, KeyPart } from 'holdfast'
import { CachePool } from '../support/cache-pool'
import { rejection } from '../support/rejection'

type Key = string | KeyFunction<readonly unknown[]>

describe('Keys of calls', () => {
  const pool = new CachePool()

  /** The key under which a call with these arguments is cached. */
  async function keyOf(key: Key, ...args: readonly unknown[]): Promise<string> {
    const cache = pool.open()
    await cached((...given: readonly unknown[]) => Promise.resolve(given.length), key, '1h', { cache })(
      ...args,
    )
    const stats = await cache.getStats()
    const [found = 'none', ...others] = stats.type === 'memory' ? stats.keys : []
    expect(others).to.deep.equal([])
    return found
  }

  describe('by template', () => {
    const places: [template: string, args: readonly unknown[], key: string][] = [
      ['role:{0}', ['admin'], 'role:admin'],
      ['role:{0}', ['admin', 'ignored'], 'role:admin'],
      ['role:{0}:{1}', ['admin', 7], 'role:admin:7'],
      ['role:{1}:{0}', ['admin', 7], 'role:7:admin'],
      ['role:{0}:{0}', ['admin'], 'role:admin:admin'],
      ['{0}', ['admin'], 'admin'],
      ['roles', [], 'roles'],
      ['report:{0.school.id}:{1}', [{ school: { id: 3 } }, 'may'], 'report:3:may'],
      ['report:{0.$ref}:{0.a_1}', [{ $ref: 'x', a_1: true }], 'report:x:true'],
      ['list:{0.1}', [['a', 'b']], 'list:b'],
      ['report:{10}', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 'ten'], 'report:ten'],
      ['{{0}}', [], '{0}'],
      ['{{{0}}}', ['a'], '{a}'],
      ['a{{b}}c{{{{', [], 'a{b}c{{'],
      ['λ:{0}', ['鍵'], 'λ:鍵'],
    ]
    for (const [template, args, key] of places) {
      it(`${inspect(template)} with ${inspect(args)} is ${inspect(key)}`, async () => {
        expect(await keyOf(template, ...args)).to.equal(key)
      })
    }

    for (const template of [
      '{',
      '}',
      'a{0',
      'a0}',
      '{}',
      '{name}',
      '{ 0 }',
      '{-1}',
      '{0.}',
      '{0..a}',
      '{0.a-b}',
    ]) {
      it(`${inspect(template)} is refused at once, and shown`, () => {
        expect(() => cached(() => Promise.resolve(1), template, '1h', { cache: pool.open() }))
          .to.throw(
            InvalidOptionError,
            `expected places like {0} or {1.id}, and {{ or }} for a literal brace, in the template '${template}'`,
          )
          .with.property('option', 'cached: key')
      })
    }

    for (const key of ['', ' ', undefined, null, 42, {}, ['role']]) {
      it(`${inspect(key)} is none, and refused at once`, () => {
        const cache = pool.open()
        expect(() => cached(() => Promise.resolve(1), key as string, '1h', { cache })).to.throw(
          InvalidOptionError,
          /^cached: key: expected a template like 'role:\{0\}' or a function of the arguments, got /,
        )
      })
    }

    const refused: [template: string, args: readonly unknown[], message: string][] = [
      ['role:{0}', [], 'cached: {0} of the key: expected a string, number, bigint or boolean, got undefined'],
      ['a:{0}:{1}', ['x', null], 'cached: {1} of the key: expected a string, number, bigint or boolean, got null'],
      ['{0.school.id}', [{}], 'cached: {0.school.id} of the key: expected a string, number, bigint or boolean, got undefined'],
      ['{0.a.b.c}', [{ a: null }], 'cached: {0.a.b.c} of the key: expected a string, number, bigint or boolean, got undefined'],
      ['{0}', [{ id: 1 }], 'cached: {0} of the key: expected a string, number, bigint or boolean, got an object (Object)'],
    ] // prettier-ignore
    for (const [template, args, message] of refused) {
      it(`${inspect(template)} with ${inspect(args)} names the place that names nothing`, async () => {
        const error = await rejection(keyOf(template, ...args))
        expect(error).to.be.instanceOf(InvalidKeyError).and.include({ code: 'invalid_key', message })
      })
    }

    for (const template of ['{0}:{1}', 'user/{0}/{1}', '{0}-{1}', '{0}.{1}', '{0}::{1}', '{0}, {1}']) {
      it(`${inspect(template)} never gives two calls the same key, whatever separates its places`, async () => {
        const words = ['a', 'b', '', ...[':', '/', '-', '_', '.', ', ', ',', ' ', '%', '%3A', '%2F', "'"]]
        const strings = words.flatMap((word) => [word, `a${word}`, `${word}b`, `a${word}b`])
        const calls = strings.flatMap((one) => strings.map((other) => [one, other]))
        await expectDifferentKeys(template, unique(calls))
      })
    }

    it('never gives two calls the same key where a quote separates its places', async () => {
      const strings = [
        '42',
        "'42'",
        "'42",
        "42'",
        '',
        "'",
        "''",
        "'''",
        '%27',
        'true',
        "'true'",
        '-1',
        "'-1'",
      ]
      const parts: unknown[] = [...strings, 42, true, -1]
      await expectDifferentKeys(
        "{0}'{1}",
        parts.flatMap((one) => parts.map((other) => [one, other])),
      )
    })

    for (const template of ['{0}{1}', '{0}a{1}', '{0}1{1}', '{0}%{1}', '{0}_{1}', '{0}→{1}!{2}', '{0}🗝{1}']) {
      it(`${inspect(template)} is refused at once, or never gives two calls the same key`, async () => {
        try {
          cached(() => Promise.resolve(1), template, '1h', { cache: pool.open() })
        } catch (error) {
          expect(error).to.be.instanceOf(InvalidOptionError)
          return
        }
        const parts = ['', 'a', 'aa', 'b', '_', '__', '%', '!92', '→', '🗝', '🔑', 1, 11, 12, 2, 21, 121]
        const pairs = parts.flatMap((one) => parts.map((other) => [one, other]))
        await expectDifferentKeys(template, [
          ...pairs.map((pair) => [...pair, 'z']),
          ['a', 'bc', 'z'],
          ['ab', 'c', 'z'],
          ['a→b', 'c', 'z'],
          ['a', 'b!c', 'z'],
        ])
      })
    }
  })

  describe('by function', () => {
    it('are parts, encoded and joined by colons', async () => {
      expect(await keyOf((id) => ['user', String(id), 7, true, 5n], 'ada')).to.equal('user:ada:7:true:5n')
    })

    it('or a whole key, taken as it is', async () => {
      expect(await keyOf((id) => `user:${String(id)}:%`, '4:2')).to.equal('user:4:2:%')
    })

    it('see the arguments and the instance of the call', async () => {
      const cache = pool.open()
      const users = {
        tenant: 'north',
        find: cached(
          function (this: { tenant: string }, id: string) {
            return Promise.resolve(`${id} of ${this.tenant}`)
          },
          function (this: { tenant: string }, id) {
            return ['user', this.tenant, id]
          },
          '1h',
          { cache },
        ),
      }
      expect(await users.find('ada')).to.equal('ada of north')
      expect(await cache.get('user:north:ada')).to.equal('ada of north')
    })

    const refused: [made: unknown, message: string][] = [
      [[], 'cached: part 1 of the key: expected at least one part, got none'],
      [['user', undefined], 'cached: part 2 of the key: expected a string, number, bigint or boolean, got undefined'],
      [[null], 'cached: part 1 of the key: expected a string, number, bigint or boolean, got null'],
      [['a', 1, Number.NaN], 'cached: part 3 of the key: expected a string, number, bigint or boolean, got NaN'],
      [[['a']], 'cached: part 1 of the key: expected a string, number, bigint or boolean, got an array'],
      [[new Date(0)], 'cached: part 1 of the key: expected a string, number, bigint or boolean, got an object (Date)'],
      [[Symbol('a')], 'cached: part 1 of the key: expected a string, number, bigint or boolean, got Symbol(a)'],
      [[() => 1], 'cached: part 1 of the key: expected a string, number, bigint or boolean, got a function'],
      ['', "cached: the key function's result: expected a string that is not empty, got ''"],
      [undefined, "cached: the key function's result: expected a string that is not empty, got undefined"],
      [42, "cached: the key function's result: expected a string that is not empty, got 42"],
      [Promise.resolve('a'), "cached: the key function's result: expected a string that is not empty, got an object (Promise)"],
    ] // prettier-ignore
    for (const [made, message] of refused) {
      it(`are not ${inspect(made)}, and the error names the position`, async () => {
        const error = await rejection(keyOf(() => made as KeyPart[]))
        expect(error).to.be.instanceOf(InvalidKeyError).and.include({ code: 'invalid_key', message })
      })
    }

    it('show nothing long of what they refuse', async () => {
      const secret = 'x'.repeat(61)
      const error = await rejection(keyOf(() => [{ secret }] as unknown as KeyPart[]))
      expect(String(error)).not.to.include(secret)
    })

    it('never give two calls the same key', async () => {
      const awkward: KeyPart[] = [
        ...['', 'a', 'A', 'a:b', ':', '::', '%', '%3A', '%3a', '%25', "'", "''", "'a'", "%'", "%''", "%'a'", '%%', '"', '\\', ' ', '\n', '\0'],
        ...['1', '01', '1.0', '1e21', '1e+21', '-1', '0', '-0', '+1', '1n', '-1n', 'n', 'NaN', 'Infinity'],
        ...['-Infinity', 'true', 'false', 'True', 'null', 'undefined', '{0}', '{', "'1'", "'true'", '%27', 'é', 'e\u0301'],
        ...[1, 1.5, -1, 0, -0, 1e21, 1e-7, 5e-324, Number.MAX_SAFE_INTEGER, Infinity, -Infinity],
        ...[1n, 0n, -1n, 10n ** 30n, true, false],
      ] // prettier-ignore
      const calls = [
        ...awkward.map((part) => [part]),
        ...awkward.flatMap((one) => awkward.map((other) => [one, other])),
        ...['', 'a', ':', 1, true].flatMap((part) => [[part, part, part], [part, '', part]]),
      ] // prettier-ignore
      await expectDifferentKeys((...parts) => parts as KeyPart[], unique(calls))
    })

    it('tell a number, a bigint and a boolean from the strings that read like them', async () => {
      const [asKey] = [(part: unknown) => [part as KeyPart]]
      const keys = await Promise.all([42, '42', 42n, '42n', true, 'true'].map((part) => keyOf(asKey, part)))
      expect(keys).to.deep.equal(['42', "'42'", '42n', "'42n'", 'true', "'true'"])
    })
  })

  /** Asserts that each of these calls runs the function: none finds the result of another. */
  async function expectDifferentKeys(key: Key, calls: readonly (readonly unknown[])[]): Promise<void> {
    const find = cached((...args: readonly unknown[]) => Promise.resolve(inspect(args)), key, '1h', {
      cache: pool.open(),
    })
    for (const call of calls) expect(await find(...call)).to.equal(inspect(call))
    for (const call of calls) expect(await find(...call)).to.equal(inspect(call))
  }
})

function unique(calls: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] {
  return [...new Map(calls.map((call) => [inspect(call), call])).values()]
}

function inspect(value: unknown): string {
  return show(value, { breakLength: Infinity })
}
