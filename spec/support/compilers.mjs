// Runs the decorators' specs once more for each compiler that services are built with, in both dialects.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const COMPILERS = ['tsc', 'swc', 'babel']
const SPECS = { standard: ['spec/decorators', 'spec/standard-dialect'], legacy: ['spec/decorators'] }
/** Computed names are more than Babel's older dialect can do. */
const NOT_COMPILED = { 'babel:legacy': ['spec/decorators/symbol-names.spec.ts'] }

const mocha = fileURLToPath(new URL('../../node_modules/mocha/bin/mocha.js', import.meta.url))

for (const compiler of COMPILERS) {
  for (const [dialect, folders] of Object.entries(SPECS)) {
    const way = `${compiler}:${dialect}`
    const specs = folders.flatMap(specsIn).filter((spec) => !NOT_COMPILED[way]?.includes(spec))
    console.log(`\nThe decorators' specs, compiled by ${way}`)
    const { status } = spawnSync(process.execPath, [mocha, ...process.argv.slice(2), ...specs], {
      stdio: 'inherit',
      env: { ...process.env, COMPILED_BY: way },
    })
    if (status !== 0) process.exit(status ?? 1)
  }
}

function specsIn(folder) {
  const names = readdirSync(folder).filter((name) => name.endsWith('.spec.ts'))
  return names.map((name) => `${folder}/${name}`)
}
