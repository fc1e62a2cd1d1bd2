import { expect } from 'chai'
import type { Request, RequestHandler } from 'express'
import express from 'express'
import fc from 'fast-check'
import { cacheResponse } from 'holdfast'
import { CachedSite } from '../../support/cached-site'
import type { Answer } from '../../support/web-server'

type Personal = 'nothing' | 'cookie' | 'authorization' | 'user'

/** What a route sends, and how. */
interface Plan {
  readonly status: number
  readonly cacheControl: string
  readonly vary: readonly string[]
  /** What it is made from that says who asks. */
  readonly personalBy: Personal
  readonly hasEtag: boolean
  readonly setsCookie: boolean
  readonly way: 'send' | 'pieces' | 'writeHead' | 'end'
}

/** A request, or time that goes by. */
type Step =
  | { readonly seconds: number }
  | {
      readonly method: 'GET' | 'HEAD' | 'POST'
      readonly user: string | undefined
      readonly token: string | undefined
      readonly language: string
      readonly isConditional: boolean
      readonly range: string | undefined
    }

const directives = fc.constantFrom(
  'public',
  'private',
  'no-store',
  'no-cache',
  'max-age=0',
  'max-age=10',
  's-maxage=20',
  'must-revalidate',
  'stale-while-revalidate=10',
  'stale-if-error=10',
  'private="x-personal"',
  'max-age=x',
)
const plans: fc.Arbitrary<Plan> = fc.record({
  status: fc.constantFrom(200, 200, 200, 203, 204, 301, 404, 500),
  cacheControl: fc.array(directives, { maxLength: 3 }).map((list) => list.join(', ')),
  vary: fc.subarray(['Accept-Language', 'Cookie', 'Authorization']),
  personalBy: fc.constantFrom('nothing', 'cookie', 'authorization', 'user'),
  hasEtag: fc.boolean(),
  setsCookie: fc.boolean(),
  way: fc.constantFrom('send', 'pieces', 'writeHead', 'end'),
})
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ seconds: fc.integer({ min: 1, max: 15 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST'),
      user: fc.constantFrom(undefined, 'ann', 'bob'),
      token: fc.constantFrom(undefined, undefined, 'ann', 'bob'),
      language: fc.constantFrom('el', 'de'),
      isConditional: fc.boolean(),
      range: fc.constantFrom(undefined, undefined, undefined, 'bytes=0-3'),
    }),
  },
)

/** An earlier middleware: the token says who asks. */
const findUser: RequestHandler = (req, _res, next) => {
  const { authorization } = req.headers
  if (authorization !== undefined) Object.assign(req, { user: authorization })
  next()
}

function whoIs(by: Personal, req: Request): string {
  if (by === 'nothing') return 'all'
  if (by === 'user') return (req as Request & { user?: string }).user ?? 'nobody'
  return req.headers[by] ?? 'nobody'
}

/** The route: what it says depends on the plan, on the run, on the language and, if it is personal, on who asks. */
function routeOf(plan: Plan, sent: Set<string>): RequestHandler {
  let runs = 0
  return (req, res) => {
    runs += 1
    const who = whoIs(plan.personalBy, req)
    // By a proxy as it were: what the route does not say in Vary it must not depend on.
    const language = plan.vary.includes('Accept-Language') ? String(req.headers['accept-language']) : 'any'
    const body = `run ${String(runs)} for ${who} in ${language}`
    sent.add(body)
    res.status(plan.status)
    if (plan.cacheControl !== '') res.setHeader('Cache-Control', plan.cacheControl)
    if (plan.vary.length > 0) res.setHeader('Vary', plan.vary.join(', '))
    if (plan.hasEtag) res.setHeader('ETag', `"${String(runs)}-${who.length.toString()}-${language}"`)
    if (plan.setsCookie) res.setHeader('Set-Cookie', `session=${who}`)
    res.setHeader('X-Personal', who)
    if (plan.way === 'send') res.send(body)
    else if (plan.way === 'end') res.end(body)
    else {
      if (plan.way === 'writeHead') res.writeHead(plan.status)
      res.write(body.slice(0, 5))
      res.end(body.slice(5))
    }
  }
}

describe('Whatever routes send and clients ask', () => {
  it('every client sees what some run of the route has sent, whole, and never what was made for another', async function () {
    this.timeout(60_000)
    await fc.assert(
      fc.asyncProperty(plans, fc.constantFrom(undefined, '10s'), fc.array(steps, { maxLength: 12 }), check),
      { numRuns: 2000, interruptAfterTimeLimit: 25_000 },
    )
  })
})

async function check(plan: Plan, ttl: string | undefined, sequence: readonly Step[]): Promise<void> {
  const site = await CachedSite.start(express)
  const sent = new Set<string>()
  site.app.use(
    '/page',
    findUser,
    cacheResponse(ttl, { cache: site.cache }) as RequestHandler,
    routeOf(plan, sent),
  )
  const etags = new Map<string, string>()
  try {
    for (const step of sequence) {
      if ('seconds' in step) {
        site.seconds(step.seconds)
        continue
      }
      const { method, user, token, language, isConditional, range } = step
      const etag = etags.get(language)
      const answer = await site.ask({
        method,
        headers: {
          'accept-language': language,
          ...(user !== undefined && { cookie: `user=${user}` }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(isConditional && etag !== undefined && { 'if-none-match': etag }),
          ...(range !== undefined && { range }),
        },
      })
      judge(answer, { plan, step, sent })
      if (answer.headers.etag !== undefined) etags.set(language, answer.headers.etag)
    }
  } finally {
    await site.close()
  }
}

function judge(
  answer: Answer,
  { plan, step, sent }: { plan: Plan; step: Exclude<Step, { seconds: number }>; sent: ReadonlySet<string> },
): void {
  const { status, text, headers } = answer
  const own = nameIn(step, plan.personalBy)
  const personal = headers['x-personal']
  if (plan.personalBy !== 'nothing' && personal !== undefined) expect(personal).to.equal(own)
  if (step.method === 'HEAD' || status === 304 || plan.status === 204) {
    expect(text).to.equal('')
    return
  }
  if (status === 206) {
    expect([...sent].some((body) => body.startsWith(text) && text.length === 4)).to.be.true
    return
  }
  expect(sent.has(text), text).to.be.true
  expect(status).to.equal(plan.status)
  expect(headers['content-length'] ?? String(text.length)).to.equal(String(text.length))
  if (plan.personalBy !== 'nothing') expect(text).to.include(`for ${own} `)
  if (plan.vary.includes('Accept-Language')) expect(text).to.match(new RegExp(`in ${step.language}$`))
  if (plan.cacheControl.includes('no-store') && !plan.cacheControl.includes('must-understand'))
    expect(headers).not.to.have.property('age')
}

function nameIn({ user, token }: Exclude<Step, { seconds: number }>, by: Personal): string {
  const credential = by === 'cookie' ? user && `user=${user}` : token && `Bearer ${token}`
  return credential ?? 'nobody'
}
