import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect } from 'chai'
import ts from 'typescript'

const ROOT = join(__dirname, '..', '..')
const PAGES = ['README.md', ...pagesIn('docs'), ...pagesIn('examples')]

/** What a page takes as given: an application that has these things already. */
const PRELUDE = `
import type { Cache as HoldfastCache, TokenClaims } from 'holdfast'
import type * as holdfast from 'holdfast'
declare global {
  namespace Express { interface Request { auth: TokenClaims & { sub: string } } }
  const app: import('express').Express
  const db: any, claims: object, secret: string, id: string, token: string, load: () => Promise<object>
  const user: { id: string }
  const cache: HoldfastCache
  const timetable: import('express').RequestHandler
  const dashboard: import('express').RequestHandler
  const requireUser: import('express').RequestHandler
  const passport: import('passport').PassportStatic
  const jwt: typeof import('jsonwebtoken')
  const randomUUID: () => string
  const expressjwt: typeof import('express-jwt').expressjwt
  const cacheResponse: typeof holdfast.cacheResponse
  const rejectBlacklisted: typeof holdfast.rejectBlacklisted
  const tokenBlacklist: typeof holdfast.tokenBlacklist
}
`

describe('The snippets', function () {
  this.timeout(60_000)

  it('of the README and the docs compile as they stand', () => {
    const snippets = new Map(PAGES.flatMap((page) => snippetsOf(page)))
    expect(snippets.size).to.be.greaterThan(10)
    expect(compile(snippets)).to.deep.equal([])
  })

  it('of the docs would not compile with a word misspelt', () => {
    const [name = '', text = ''] = snippetsOf('README.md')[0] ?? []
    expect(compile(new Map([[name, text.replace('@Cached(', '@Cashed(')]]))).to.have.lengthOf.at.least(1)
  })
})

describe('The README', () => {
  it('has 150 lines at most', () => {
    expect(readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n').length).to.be.at.most(150)
  })

  it('links, like the docs, to pages and headings that are there', () => {
    expect(PAGES.flatMap((page) => brokenLinks(page))).to.deep.equal([])
  })
})

function pagesIn(folder: string): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith('.md')).map((name) => join(folder, name))
}

function snippetsOf(page: string): [name: string, text: string][] {
  const blocks = readFileSync(join(ROOT, page), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)
  return [...blocks].map(([, text = ''], index) => [`${page}.${String(index + 1)}.mts`, text])
}

function compile(snippets: ReadonlyMap<string, string>): string[] {
  const files = new Map<string, string>([[join(ROOT, 'prelude.mts'), PRELUDE]])
  for (const [name, text] of snippets) files.set(join(ROOT, name), text)
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: object
  }
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: ['lib/index.ts'] }, ts.sys, ROOT)
  Object.assign(options, { noUnusedLocals: false, noUnusedParameters: false, skipLibCheck: true })
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (path) => files.has(path) || fileExists(path)
  host.readFile = (path) => files.get(path) ?? readFile(path)
  host.getSourceFile = (path, language, ...rest) => {
    const text = files.get(path)
    // A page's snippet is a module, also where it imports nothing.
    if (text !== undefined) return ts.createSourceFile(path, `${text}\nexport {}`, language)
    return getSourceFile(path, language, ...rest)
  }
  const program = ts.createProgram([...files.keys()], options, host)
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    const where = file === undefined ? '' : relative(ROOT, file.fileName)
    return `${where}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
}

function brokenLinks(page: string): string[] {
  const links = readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\((?!https?:)([^)#]*)(#[^)]*)?\)/g)
  return [...links].flatMap(([, path = '', heading]) => {
    const target = path === '' ? page : join(page, '..', path)
    const text = ts.sys.readFile(join(ROOT, target))
    const isThere =
      text !== undefined
        ? heading === undefined || headingsOf(text).has(heading)
        : ts.sys.directoryExists(join(ROOT, target))
    return isThere ? [] : [`${page}: ${path}${heading ?? ''}`]
  })
}

function headingsOf(text: string): Set<string> {
  const headings = text.matchAll(/^#+ (.*)$/gm)
  return new Set(
    [...headings].map(
      ([, title = '']) =>
        `#${title
          .toLowerCase()
          .replace(/[^\w\- ]/g, '')
          .replace(/ /g, '-')}`,
    ),
  )
}
