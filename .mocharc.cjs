// tsx takes one tsconfig per process, so the decorators' older dialect is a run of its own: spec:legacy.
const isLegacyDialect = process.env.TSX_TSCONFIG_PATH !== undefined
// Another compiler than the runner's, for the decorators' specs: see spec/support/compilers.mjs.
const isCompiled = process.env.COMPILED_BY !== undefined
// Mocha would add the files it is given to those named here.
const isChosen = process.argv.some((argument) => argument.endsWith('.spec.ts'))
const isCi = process.env.CI !== undefined

module.exports = {
  import: ['tsx'],
  ...(isCompiled && { require: ['./spec/support/compiled-by.cjs'] }),
  extension: ['ts'],
  ...(!isChosen && { spec: isLegacyDialect ? 'spec/decorators/**/*.spec.ts' : 'spec/**/*.spec.ts' }),
  ignore: ['spec/package/consumers/**'],
  reporter: './spec/support/reporter.cjs',
  // A machine that is busy with other things is no failure.
  timeout: 30_000,
  failZero: true,
  forbidOnly: isCi,
  forbidPending: isCi,
}
