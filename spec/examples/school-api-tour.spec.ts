import { expect } from 'chai'
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Narrator, TourError } from '../../examples/school-api/tour/narrator'

/** A run of the tour: what it has printed so far, and the code it ends with. */
interface Run {
  readonly child: ChildProcess
  readonly output: () => string
  readonly ended: Promise<number | null>
}

describe('The tour of the school API', function () {
  this.timeout(60_000)

  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-tour-spec-'))
  })

  afterEach(() => rm(folder, { recursive: true, force: true }))

  function start(path: string): Run {
    const child = spawn(process.execPath, ['--import', 'tsx', 'examples/school-api/tour.ts'], {
      env: { ...process.env, PATH: path, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    }
    return {
      child,
      output: () => output,
      ended: once(child, 'close').then(([code]) => code as number | null),
    }
  }

  /** What is left of a run that has ended: its folders, and whether its Redis still takes connections. */
  async function leftovers(output: string): Promise<{ folders: string[]; isRedisUp: boolean }> {
    const folders = (await readdir(folder)).filter((name) => name.startsWith('school-api-tour-'))
    const port = /redis:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1]
    return { folders, isRedisUp: port !== undefined && (await takesConnections(Number(port))) }
  }

  it('goes through two instances and an outage where there is a redis-server', async () => {
    const run = start(process.env['PATH'] ?? '')
    expect(await run.ended, run.output()).to.equal(0)
    expect(run.output()).to.contain('✓ The second time nothing is asked of the database.')
    expect(run.output()).to.contain('✓ Together they cost what one costs.')
    expect(run.output()).to.contain('✓ B, which has never seen it, finds it in Redis.')
    expect(run.output()).to.contain('✓ Not one of them failed.')
    expect(run.output()).to.contain('✓ The token is refused by both: 401.')
    expect(run.output()).to.match(/✓ The new score, \d+, shows at both\./)
    expect(run.output()).not.to.contain('✗')
    expect(run.output(), 'colours without a terminal').not.to.contain('\u001b')
    expect(await leftovers(run.output())).to.deep.equal({ folders: [], isRedisUp: false })
  })

  it('ends well without a redis-server, and says what it would show', async () => {
    const run = start('')
    expect(await run.ended, run.output()).to.equal(0)
    expect(run.output()).to.contain('✓ GET /cache/stats gives numbers and no keys.')
    expect(run.output()).to.contain('With redis-server on the PATH the tour goes on')
    expect(run.output()).to.contain('npm start')
  })

  it('ends with 1 and leaves nothing when something goes wrong', async () => {
    const broken = join(folder, 'redis-server')
    await writeFile(broken, '#!/bin/sh\nexit 1\n')
    await chmod(broken, 0o755)
    const run = start([folder, process.env['PATH'] ?? ''].join(delimiter))
    expect(await run.ended, run.output()).to.equal(1)
    expect(run.output()).to.contain('The tour stops here. redis-server ended before it was ready')
    expect(await leftovers(run.output())).to.deep.equal({ folders: [], isRedisUp: false })
  })

  it('leaves nothing when it is interrupted', async () => {
    const run = start(process.env['PATH'] ?? '')
    await until(run, 'Two instances, one Redis')
    run.child.kill('SIGINT')
    expect(await run.ended, run.output()).to.equal(130)
    expect(await leftovers(run.output())).to.deep.equal({ folders: [], isRedisUp: false })
  })

  it('leaves nothing when its output is cut off', async () => {
    const run = start(process.env['PATH'] ?? '')
    await until(run, 'Two instances, one Redis')
    run.child.stdout?.destroy()
    expect(await run.ended, run.output()).to.equal(1)
    expect(await leftovers(run.output())).to.deep.equal({ folders: [], isRedisUp: false })
  })

  it('stops at a claim that does not hold, with what was expected and what came', () => {
    let told = ''
    const narrator = new Narrator({ write: (text) => (told += text) })
    narrator.claim('Two and two are four.', 2 + 2, 4)
    expect(() => {
      narrator.claim('They are five.', 2 + 2, 5)
    }).to.throw(TourError, 'They are five. Expected 5, got 4.')
    expect(() => {
      narrator.claimBetween('They are many.', 2 + 2, [10, 20])
    }).to.throw(TourError, 'They are many. Expected 10 to 20, got 4.')
    expect(told.match(/[✓✗].*/g)).to.deep.equal([
      '✓ Two and two are four.',
      '✗ They are five.',
      '✗ They are many.',
    ])
  })
})

/** Waits until a run has printed something. */
async function until({ child, output, ended }: Run, text: string): Promise<void> {
  while (!output().includes(text)) {
    if (child.exitCode !== null || child.stdout === null) throw new Error(output())
    await Promise.race([once(child.stdout, 'data'), ended])
  }
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
