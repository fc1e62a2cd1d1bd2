import { compileFunction } from 'node:vm'
import { expect } from 'chai'
import ts from 'typescript'
import * as holdfast from 'holdfast'
import { NotCacheableError } from 'holdfast'
import { useDefaultCache } from '../support/use-default-cache'

const TARGETS = { ES2015: ts.ScriptTarget.ES2015, ES2022: ts.ScriptTarget.ES2022 }

const DIALECTS: Record<string, ts.CompilerOptions> = {
  'standard decorators': {},
  experimentalDecorators: { experimentalDecorators: true },
  'experimentalDecorators and emitDecoratorMetadata': {
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  },
}

// The runner compiles by esbuild, which never writes down what a method returns.
describe('The decorators, compiled by tsc', () => {
  useDefaultCache()

  for (const [dialect, options] of Object.entries(DIALECTS)) {
    for (const [target, version] of Object.entries(TARGETS)) {
      it(`work with ${dialect} for ${target}`, async () => {
        const Users = declare(
          `class Users {
            loads = 0
            @Cached((id) => ['user', id], '1h')
            async find(id: string) { return { id, load: ++this.loads } }
            @CacheEvict((id) => ['user', id])
            async rename(id: string): Promise<void> {}
          }`,
          { ...options, target: version },
        ) as new () => { find(id: string): Promise<unknown>; rename(id: string): Promise<void> }
        const users = new Users()
        await users.find('7')
        expect(await users.find('7')).to.deep.equal({ id: '7', load: 1 })
        await users.rename('7')
        expect(await users.find('7')).to.deep.equal({ id: '7', load: 2 })
      })
    }
  }

  describe('with emitDecoratorMetadata', () => {
    const metadata = {
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      target: ts.ScriptTarget.ES2022,
    }

    const synchronous: [returned: string, name: string][] = [
      ['string', 'String'],
      ['number', 'Number'],
      ['boolean', 'Boolean'],
      ['string[]', 'Array'],
      ['Date', 'Date'],
      ['() => void', 'Function'],
    ]
    for (const [returned, name] of synchronous) {
      for (const decorator of ['Cached', 'CacheEvict']) {
        it(`let @${decorator} refuse a method that returns ${returned}, when the class is declared`, () => {
          const source = `class Users { @${decorator}('users') all(): ${returned} { return undefined as never } }`
          expect(() => declare(source, metadata)).to.throw(
            NotCacheableError,
            `@${decorator} on Users.all: expected an async method, got one that returns ${name}`,
          )
        })
      }
    }

    it('let them refuse a static method that is synchronous', () => {
      const source = `class Users { @Cached('users') static all(): string { return '' } }`
      expect(() => declare(source, metadata)).to.throw(NotCacheableError, /^@Cached on Users\.all: .*String$/)
    })

    for (const method of [
      'async all(): Promise<string[]> { return [] }',
      'async all() { return [] }',
      'all() { return Promise.resolve([]) }',
      'all(): Promise<string[]> | Promise<number> { return Promise.resolve([]) }',
      'all(): Query<string[]> { return Promise.resolve([]) }',
    ]) {
      it(`let them take ${method}`, () => {
        const source = `interface Query<Value> extends Promise<Value> {}; class Users { @Cached(() => 'users') ${method} }`
        expect(() => declare(source, metadata)).not.to.throw()
      })
    }

    it('let them take a method that returns a subclass of Promise', () => {
      const source = `class Query<Value> extends Promise<Value> {}
        class Users { @Cached(() => 'users') all(): Query<string[]> { return Query.resolve([]) as Query<string[]> } }`
      expect(() => declare(source, metadata)).not.to.throw()
    })

    it('let them take a method that returns what can be waited for in another way', () => {
      const source = `class Query { then(done: (rows: string[]) => void) { done([]) } }
        class Users { @Cached(() => 'users') all(): Query { return new Query() } }`
      expect(() => declare(source, metadata)).not.to.throw()
    })

    it('leave what the compiler has written down where others read it', () => {
      const Users = declare(
        `class Users { @Cached((id) => ['user', id]) async find(id: string): Promise<string> { return id } }`,
        metadata,
      ) as { prototype: object }
      expect(Reflect.getMetadata('design:paramtypes', Users.prototype, 'find')).to.deep.equal([String])
      expect(Reflect.getMetadata('design:returntype', Users.prototype, 'find')).to.equal(Promise)
    })
  })
})

/** Compiles a class called Users as a user's project would, runs its declaration and returns it. */
function declare(source: string, compilerOptions: ts.CompilerOptions): unknown {
  const { outputText } = ts.transpileModule(
    `import { Cached, CacheEvict } from 'holdfast'\n${source}\nexport = Users`,
    { compilerOptions: { ...compilerOptions, module: ts.ModuleKind.CommonJS, esModuleInterop: true } },
  )
  const module = { exports: {} as unknown }
  const run = compileFunction(outputText, ['require', 'module']) as (
    require: () => typeof holdfast,
    module: { exports: unknown },
  ) => void
  run(() => holdfast, module)
  return module.exports
}
