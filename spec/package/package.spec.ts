import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cp, mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import ts from 'typescript'
import type { Dependencies } from './household'
import { Household } from './household'
import { runToSuccess } from './program'

const ROOT = join(__dirname, '..', '..')
const { name, version, dependencies, devDependencies } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
) as {
  name: string
  version: string
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}

describe('The package, installed from its tarball', function () {
  this.timeout(120_000)

  const folder = join(tmpdir(), `holdfast-package-${String(process.pid)}`)
  const tarball = join(folder, `${name}-${version}.tgz`)
  const untyped = new Household(join(folder, 'untyped'), {
    ...common(),
    ...ours('express', '@types/node', 'expect-type'),
  })
  const express5 = new Household(join(folder, 'express5'), {
    ...common(),
    ...ours('express', '@types/express', '@types/node'),
  })
  const express4 = new Household(join(folder, 'express4'), {
    ...common(),
    ...ours('@types/node'),
    express: devDependencies['express4'] ?? '',
    '@types/express': '^4.17.25',
  })
  const jest = new Household(join(folder, 'jest'), { ...common(), ...ours('express'), jest: '^30.2.0' })
  // The oldest TypeScript that the decorators' types are made for: the first with `NoInfer`.
  const oldest = new Household(join(folder, 'oldest'), { typescript: '~5.4.5' })

  // The newest, which is another compiler; the linter's parser keeps the project itself at the one before.
  const newest = new Household(join(folder, 'newest'), { typescript: '^7.0.2' })

  const typescript = join(ROOT, 'node_modules', 'typescript')
  const oldestTypescript = join(oldest.folder, 'node_modules', 'typescript')
  const newestTypescript = join(newest.folder, 'node_modules', 'typescript')

  before(async function () {
    this.timeout(300_000)
    await mkdir(folder)
    await runToSuccess(ROOT, 'npm', 'pack', '--pack-destination', folder)
    await Promise.all([
      untyped.install('commonjs', 'esm', 'nodenext', 'types'),
      express5.install('standard-decorators'),
      express4.install('legacy-decorators'),
      jest.install('jest'),
      oldest.install(),
      newest.install(),
    ])
    for (const name of ['decorators.spec-d.ts', 'cached.spec-d.ts'])
      await cp(join(ROOT, 'spec', 'types', name), join(untyped.folder, 'types', name))
  })

  after(() => rm(folder, { recursive: true, force: true }))

  it('contains what was built and what is to be read, and nothing else', async () => {
    const { stdout } = await runToSuccess(folder, 'tar', '-tzf', tarball)
    const files = stdout
      .trim()
      .split('\n')
      .map((file) => file.replace('package/', ''))
    expect(files.filter((file) => !/^dist\/.+\.(js|d\.ts)$/.test(file))).to.have.members([
      'package.json',
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
    ])
    expect(files).to.include.members(['dist/index.js', 'dist/index.d.ts', 'dist/testing/index.js'])
  })

  it('has nothing that publint or are-the-types-wrong object to', async () => {
    await runToSuccess(ROOT, bin('publint'), 'run', tarball, '--strict')
    await runToSuccess(ROOT, bin('attw'), tarball, '--no-color')
  })

  it('imports nothing but Node.js and what it depends on, in code and in types', () => {
    const imported = importsWithin(join(untyped.folder, 'node_modules', 'holdfast', 'dist'))
    // jsonwebtoken: loaded where it is asked for alone, and a peer that need not be there.
    expect([...Object.keys(dependencies), 'jsonwebtoken']).to.include.members(imported)
  })

  it('runs in CommonJS', async () => {
    expectGoodService(await untyped.report('commonjs', 'main.js'))
  })

  it('loads nothing on memory that memory has no use for', async () => {
    const { role, packages } = await untyped.report('commonjs', 'loaded.js')
    expect(role).to.deep.equal({ may: 'all' })
    expect(packages).to.have.members(['holdfast', 'ms', 'reflect-metadata'])
  })

  it('runs in ESM by named imports, as the instance that require gives', async () => {
    const seen = await untyped.report('esm', 'main.mjs')
    expectGoodService(seen)
    expect(seen).to.include({ isSame: true, contract: true })
  })

  it('compiles under nodenext without @types/express, and runs', async () => {
    expect(existsSync(join(untyped.folder, 'node_modules', '@types', 'express'))).to.equal(false)
    await untyped.compile('nodenext', typescript)
    const seen = await untyped.report('nodenext', 'main.js')
    expectGoodService(seen)
    expect(seen).to.include({ type: 'memory', state: 'memory' })
  })

  it('compiles with experimentalDecorators and metadata under the types of Express 4, and runs', async () => {
    await express4.compile('legacy-decorators', typescript)
    const seen = await express4.report('legacy-decorators', 'main.js')
    expectGoodService(seen)
    expect(seen).to.deep.include({ renamed: [1, 3], types: ['String', 'String'] })
  })

  it('compiles the snippets of the README with standard decorators under the types of Express 5, and runs them', async () => {
    const source = readFileSync(join(express5.folder, 'standard-decorators', 'main.ts'), 'utf8')
    for (const snippet of seamsOfReadme()) expect(source).to.include(snippet)
    await express5.compile('standard-decorators', typescript)
    const seen = await express5.report('standard-decorators', 'main.js')
    expectGoodService(seen)
    expect(seen).to.deep.include({ renamed: [1, 3] })
  })

  it('infers the same under TypeScript 5.4', async () => {
    await express4.compile('legacy-decorators', oldestTypescript, '--noEmit', '--skipLibCheck')
    await express5.compile('standard-decorators', oldestTypescript, '--noEmit', '--skipLibCheck')
  })

  for (const [version, compiler] of [
    ['5.4', oldestTypescript],
    ['7', newestTypescript],
  ] as const) {
    it(`has types that accept and refuse the same under TypeScript ${version}, in both dialects`, async () => {
      for (const dialect of ['standard', 'legacy'])
        await untyped.compile('types', compiler, '-p', `tsconfig.${dialect}.json`)
    })
  }

  it('runs under Jest', async () => {
    const { output } = await jest.run(
      'jest',
      process.execPath,
      join(jest.folder, 'node_modules', 'jest', 'bin', 'jest.js'),
    )
    expect(output).to.match(/Tests: +3 passed, 3 total/)
  })

  function common(): Dependencies {
    return { holdfast: `file:${tarball}`, ...ours('express-jwt') }
  }
})

/** At the versions that the project itself is tested with. */
function ours(...names: string[]): Dependencies {
  return Object.fromEntries(names.map((name) => [name, devDependencies[name] ?? '']))
}

/** The three snippets that the README opens with, without their imports. */
function seamsOfReadme(): string[] {
  const blocks = readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)
  return Array.from(blocks, ([, text = '']) => text.replace(/^import .*\n+/gm, '')).slice(0, 3)
}

/** The packages that the files of a folder import, those of Node.js left out. */
function importsWithin(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.[jt]s$/.test(file),
  )
  const imported = files.flatMap((file) => {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(folder, file), 'utf8'), true, true)
    return importedFiles.map(({ fileName }) => fileName).filter((fileName) => !/^(\.|node:)/.test(fileName))
  })
  return [...new Set(imported)]
}

function bin(name: string): string {
  return join(ROOT, 'node_modules', '.bin', name)
}

/** A cached route is cached, a cached function runs once a key, and a revoked token is refused. */
function expectGoodService(seen: Record<string, unknown>): void {
  const { timetables, cacheStatus, users, token } = seen as Record<string, unknown[]>
  expect(timetables?.[1]).to.equal(timetables?.[0])
  expect(cacheStatus).to.deep.equal(['holdfast; fwd=uri-miss; stored', 'holdfast; hit; ttl=N'])
  expect(users).to.deep.equal(['{"id":"7","load":1}', '{"id":"7","load":1}', '{"id":"8","load":2}'])
  expect(token).to.deep.equal([200, 204, 401])
}
