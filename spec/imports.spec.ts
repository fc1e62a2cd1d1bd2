import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect } from 'chai'
import ts from 'typescript'

const LIB = join(__dirname, '..', 'lib')

describe('The imports of lib', () => {
  // The linter's rule leaves out imports of types.
  it('form no circle, types included', () => {
    const files = readdirSync(LIB, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    )
    const graph = new Map(files.map((name) => [join(LIB, name), importsOf(join(LIB, name))]))
    expect([...graph.keys()].flatMap((file) => circleFrom(file, graph))).to.deep.equal([])
  })
})

function importsOf(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'))
  return importedFiles.flatMap(({ fileName }) => {
    const target = join(dirname(file), fileName)
    return fileName.startsWith('.') ? [`${target}.ts`, join(target, 'index.ts')].filter(existsSync) : []
  })
}

/** The shortest way from a file back to itself, as one line; nothing if there is none. */
function circleFrom(start: string, graph: Map<string, string[]>): string[] {
  const seen = new Set<string>()
  const ways = [[start]]
  for (const way of ways) {
    for (const next of graph.get(way.at(-1) ?? start) ?? []) {
      if (next === start) return [[...way, next].map((file) => relative(LIB, file)).join(' → ')]
      if (!seen.has(next)) ways.push([...way, next])
      seen.add(next)
    }
  }
  return []
}
