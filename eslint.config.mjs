import { readdirSync } from 'node:fs'
import eslint from '@eslint/js'
import { createNodeResolver, importX } from 'eslint-plugin-import-x'
import jsdoc from 'eslint-plugin-jsdoc'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

/** The floors of the house: what each folder of lib may import besides itself and the ground floor. */
const FLOORS = {
  client: [],
  observe: ['client'],
  cache: ['client', 'observe'],
  decorators: ['client', 'observe', 'cache'],
  http: ['client', 'observe', 'cache'],
  auth: ['client', 'observe', 'cache'],
  testing: ['client'],
}

/** Files that assemble what others import by its own name. */
const BARRELS = ['./lib/index.ts', './lib/testing/index.ts']

export default defineConfig(
  globalIgnores(['dist', 'coverage', 'spec/package/consumers']),
  { linterOptions: { reportUnusedDisableDirectives: 'error', reportUnusedInlineConfigs: 'error' } },
  {
    files: ['**/*.{mjs,cjs}'],
    extends: [eslint.configs.recommended],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', setTimeout: 'readonly', URL: 'readonly' },
    },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: { globals: { module: 'writable', require: 'readonly' } },
  },
  {
    files: ['**/*.ts'],
    extends: [
      eslint.configs.recommended,
      tseslint.configs.strictTypeChecked,
      tseslint.configs.stylisticTypeChecked,
    ],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    settings: {
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.mjs', '.cjs', '.js'] })],
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      // The empty string is a value that counts as absent, in the environment above all.
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
      // It asks for the `!` that no-non-null-assertion refuses.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      '@typescript-eslint/max-params': ['error', { max: 4, countVoidThis: false }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/no-self-import': 'error',
      'import-x/no-duplicates': ['error', { 'prefer-inline': false }],
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones: zones() }],
      eqeqeq: 'error',
      'object-shorthand': 'error',
    },
  },
  {
    files: ['lib/**/*.ts'],
    extends: [jsdoc.configs['flat/recommended-typescript-error']],
    rules: {
      'import-x/no-default-export': 'error',
      'max-lines': ['error', { max: 300, skipBlankLines: false, skipComments: false }],
      'no-console': 'error',
      'no-restricted-imports': ['error', { patterns: [withoutExpress()] }],
      'no-restricted-syntax': ['error', ...withoutExpressInline()],
      ...docComments(),
    },
  },
  { files: ['lib/logger.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['spec/**/*.ts'],
    rules: {
      // `expect(answer).to.be.true` is a statement to chai.
      '@typescript-eslint/no-unused-expressions': 'off',
      // `expect(res.write).to.equal(write)` compares a method and does not call it.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
)

/** Imports run downwards, no wing imports another, and lib, spec and examples keep to their side. */
function zones() {
  const folders = readdirSync('lib', { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const unknown = folders.map(({ name }) => name).filter((name) => !(name in FLOORS))
  if (unknown.length > 0)
    throw new Error(`eslint.config.mjs: on which floor is lib/${unknown.join(', lib/')}?`)
  return [
    ...Object.entries(FLOORS).map(([folder, below]) => ({
      target: `./lib/${folder}`,
      from: Object.keys(FLOORS)
        .filter((other) => other !== folder && !below.includes(other))
        .map((other) => `./lib/${other}`),
      message: `lib/${folder} stands on ${['the ground floor', ...below].join(', ')} alone.`,
    })),
    {
      target: './lib/!(index).ts',
      from: Object.keys(FLOORS).map((folder) => `./lib/${folder}`),
      message: 'The ground floor imports nothing above it.',
    },
    { target: './lib', from: BARRELS, message: 'Import the file that has it, not the barrel.' },
    { target: './lib', from: ['./spec', './examples'], message: 'The library knows neither.' },
    { target: './examples', from: ['./lib', './spec'], message: "Import 'holdfast', as a reader would." },
    { target: './spec', from: BARRELS, message: "Import 'holdfast', as a user would." },
  ]
}

function withoutExpress() {
  return {
    regex: '^(@types/)?express(4|-serve-static-core)?(/|$)',
    message: 'express is a peer that need not be there: node:http has the types.',
  }
}

/** The imports that no-restricted-imports does not look at: `import('express')`, as a value or a type, and require. */
function withoutExpressInline() {
  const { regex, message } = withoutExpress()
  const express = `[value=/${regex.replaceAll('/', String.raw`\u002F`)}/]`
  return ['ImportExpression', 'TSImportType', 'CallExpression[callee.name="require"]'].map((node) => ({
    selector: `${node} Literal${express}`,
    message,
  }))
}

/** Every export, option and public method says what it is; TypeScript has the types and the names. */
function docComments() {
  const ownClass = 'ClassDeclaration[implements.length=0][superClass=null] > ClassBody'
  const isPublic = '[key.type!="PrivateIdentifier"][accessibility!="private"][accessibility!="protected"]'
  return {
    'jsdoc/require-jsdoc': [
      'error',
      {
        publicOnly: true,
        checkConstructors: false,
        require: { FunctionDeclaration: true, ClassDeclaration: true },
        contexts: [
          'TSInterfaceDeclaration',
          'TSTypeAliasDeclaration',
          'TSInterfaceDeclaration[id.name=/Options$/] TSPropertySignature',
          'ExportNamedDeclaration > VariableDeclaration',
          'ExportNamedDeclaration > TSDeclareFunction',
          `${ownClass} > MethodDefinition[kind!="constructor"]${isPublic}`,
        ],
      },
    ],
    'jsdoc/check-tag-names': ['error', { typed: true, definedTags: ['default', 'internal'] }],
    'jsdoc/no-types': 'error',
    'jsdoc/no-blank-blocks': 'error',
    'jsdoc/require-description': ['error', { contexts: ['any'] }],
    // The name and the type are in the signature: a tag that says no more is noise.
    'jsdoc/check-param-names': ['error', { disableMissingParamChecks: true }],
    'jsdoc/require-param': 'off',
    'jsdoc/require-returns': 'off',
    'jsdoc/require-yields': 'off',
    'jsdoc/require-throws-type': 'off',
    // `/** In milliseconds. @default 100 */` is read as it is meant, and is one line instead of five.
    'jsdoc/escape-inline-tags': 'off',
    'jsdoc/tag-lines': ['error', 'any', { startLines: 1 }],
  }
}
