// Runs the decorators' specs once more, in TypeScript's older dialect: experimentalDecorators.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const mocha = fileURLToPath(new URL('../../node_modules/mocha/bin/mocha.js', import.meta.url))
const env = { ...process.env, TSX_TSCONFIG_PATH: 'spec/decorators/tsconfig.legacy.json' }
const { status } = spawnSync(process.execPath, [mocha, ...process.argv.slice(2)], { stdio: 'inherit', env })
process.exit(status ?? 1)
