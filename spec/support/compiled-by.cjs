// Has the decorators' specs compiled by another compiler than the runner's: SWC, Babel or tsc, in either dialect.
const { readFileSync } = require('node:fs')
const Module = require('node:module')
const { join, sep } = require('node:path')

const [compiler, dialect] = process.env.COMPILED_BY.split(':')
const isLegacy = dialect === 'legacy'
const COMPILED = ['decorators', 'standard-dialect'].map((folder) => join(module.path, '..', folder) + sep)

const compilers = {
  swc(source, filename) {
    const { code } = require('@swc/core').transformSync(source, {
      filename,
      swcrc: false,
      module: { type: 'commonjs' },
      sourceMaps: 'inline',
      jsc: {
        target: 'es2022',
        keepClassNames: true,
        parser: { syntax: 'typescript', decorators: true },
        transform: isLegacy
          ? { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true }
          : { decoratorVersion: '2022-03' },
      },
    })
    return code
  },
  babel(source, filename) {
    const { code } = require('@babel/core').transformSync(source, {
      filename,
      babelrc: false,
      configFile: false,
      sourceMaps: 'inline',
      plugins: [
        ['@babel/plugin-proposal-decorators', { version: isLegacy ? 'legacy' : '2023-11' }],
        ['@babel/plugin-transform-typescript', { allowDeclareFields: true }],
        '@babel/plugin-transform-modules-commonjs',
      ],
    })
    return code
  },
  tsc(source, fileName) {
    const ts = require('typescript')
    const { outputText } = ts.transpileModule(source, {
      fileName,
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.CommonJS,
        esModuleInterop: true,
        inlineSourceMap: true,
        ...(isLegacy && { experimentalDecorators: true, emitDecoratorMetadata: true }),
      },
    })
    return outputText
  },
}

const otherwise = Module._extensions['.ts'] ?? Module._extensions['.js']
Module._extensions['.ts'] = (module, filename) => {
  if (!COMPILED.some((folder) => filename.startsWith(folder))) return otherwise(module, filename)
  return module._compile(compilers[compiler](readFileSync(filename, 'utf8'), filename), filename)
}
