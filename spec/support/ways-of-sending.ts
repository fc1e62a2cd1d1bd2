import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { NextFunction, Request, Response } from 'express'

/** A route. */
export type Route = (req: Request, res: Response, next: NextFunction) => unknown

// More than a socket takes at once.
const file = join(__dirname, '../../package-lock.json')
const bytes = Buffer.from([0x00, 0xff, 0x0a, 0xc3, 0x28, 0x0d, 0x0a])

/** The ways in which a route may send a response: all of them are Node's or Express's own. */
export const waysOfSending: readonly (readonly [way: string, route: Route])[] = [
  ['json', (_req, res) => res.json({ name: 'Zoë', list: [1, null] })],
  ['json with a status', (_req, res) => res.status(203).json({ name: 'Zoë' })],
  ['send with a string', (_req, res) => res.send('<p>Grüße</p>')],
  ['send with a Buffer', (_req, res) => res.send(bytes)],
  ['send with a type and fields', (_req, res) => res.type('text/csv').set('X-Rows', '2').send('a\nb\n')],
  ['sendStatus', (_req, res) => res.sendStatus(200)],
  [
    'redirect',
    (_req, res) => {
      res.redirect(301, '/elsewhere')
    },
  ],
  ['attachment', (_req, res) => res.attachment('grades.csv').send('a,b')],
  [
    'fields that are no strings',
    (_req, res) => {
      const fields = {
        'X-Total': 12345678901234567890n,
        'Last-Modified': new Date(0),
        'X-Ratio': Number.NaN,
        'X-Name': { toString: () => 'Zoe' },
        'X-List': [1, 2n],
        'X-Null': null,
      }
      for (const [name, value] of Object.entries(fields)) res.setHeader(name, value as unknown as string)
      res.end('Zoe')
    },
  ],
  [
    'a status and its message that are text and a number',
    (_req, res) => {
      Object.assign(res, { statusCode: '203', statusMessage: 7 })
      res.end('Zoe')
    },
  ],
  [
    'writeHead with a status of text',
    (_req, res) => {
      res.writeHead('203' as unknown as number, { 'X-Total': 5n as unknown as number })
      res.end('Zoe')
    },
  ],
  ['end with nothing', (_req, res) => res.end()],
  ['end with a string', (_req, res) => res.end('Grüße')],
  ['end with a Buffer', (_req, res) => res.end(bytes)],
  ['end with a Uint8Array', (_req, res) => res.end(new Uint8Array([1, 2, 255]))],
  ['end with latin1', (_req, res) => res.end('Grüße', 'latin1')],
  ['end with base64', (_req, res) => res.end('AP8KwyhN', 'base64')],
  ['end with hex', (_req, res) => res.end('00ff0a', 'hex')],
  ['end with utf16le', (_req, res) => res.end('Grüße', 'utf16le')],
  [
    'end with a callback alone',
    (_req, res) => {
      res.write('before')
      res.end(() => undefined)
    },
  ],
  ['end with a string and a callback', (_req, res) => res.end('Grüße', () => undefined)],
  [
    'end with a string, an encoding and a callback',
    (_req, res) => res.end('Grüße', 'latin1', () => undefined),
  ],
  [
    'end twice',
    (_req, res) => {
      res.end('once')
      res.end()
    },
  ],
  [
    'write in pieces',
    (_req, res) => {
      res.write('one, ')
      res.write('two, ')
      res.end('three')
    },
  ],
  [
    'write with encodings',
    (_req, res) => {
      res.write('Grü', 'latin1')
      res.write('c39f', 'hex')
      res.end('e')
    },
  ],
  [
    'write with callbacks',
    (_req, res) => {
      res.write('one, ', () => {
        res.write('two', 'utf8', () => res.end())
      })
    },
  ],
  [
    'write over several turns',
    async (_req, res) => {
      for (const piece of ['one', 'two', 'three']) {
        res.write(piece)
        await new Promise((resolve) => setImmediate(resolve))
      }
      res.end()
    },
  ],
  [
    'write from memory that is used again',
    (_req, res) => {
      const memory = Buffer.from('first')
      res.write(memory, () => {
        memory.fill('x')
        res.end('second')
      })
    },
  ],
  [
    'write corked',
    (_req, res) => {
      res.cork()
      res.write('one')
      res.write('two')
      res.uncork()
      res.end()
    },
  ],
  [
    'pipe',
    (_req, res) => {
      Readable.from(['one', 'two', Buffer.from('three')]).pipe(res)
    },
  ],
  [
    'pipe of more than a socket takes at once',
    (_req, res) => {
      Readable.from(Array.from({ length: 40 }, (_, index) => Buffer.alloc(16_384, index))).pipe(res)
    },
  ],
  [
    'pipeline',
    async (_req, res) => {
      await pipeline(Readable.from(['one', 'two']), new PassThrough(), res)
    },
  ],
  [
    'sendFile',
    (_req, res) => {
      res.sendFile(file, { cacheControl: false })
    },
  ],
  [
    'flushHeaders',
    (_req, res) => {
      res.set('X-Early', 'yes').flushHeaders()
      res.end('later')
    },
  ],
  [
    'appendHeader',
    (_req, res) => {
      res.appendHeader('Link', '<a>').appendHeader('Link', '<b>')
      res.end('linked')
    },
  ],
  [
    'fields in any case',
    (_req, res) => {
      res.setHeader('x-lower', '1').setHeader('X-UPPER', ['2', '3']).end('x')
    },
  ],
  [
    'writeHead with an object',
    (_req, res) => {
      res.writeHead(203, { 'Content-Type': 'text/x-a', 'X-List': ['1', '2'] }).end('x')
    },
  ],
  [
    'writeHead with a flat array',
    (_req, res) => {
      res.writeHead(200, ['X-One', '1', 'X-Two', '2']).end('x')
    },
  ],
  [
    'writeHead with a flat array that lists values',
    (_req, res) => {
      res.writeHead(200, ['X-List', ['1', '2'], 'X-One', '1']).end('x')
    },
  ],
  [
    'writeHead with a status message',
    (_req, res) => {
      res.writeHead(200, 'As ordered').end('x')
    },
  ],
  [
    'writeHead with a status message and fields',
    (_req, res) => {
      res.writeHead(200, 'As ordered', { 'X-One': '1' }).end('x')
    },
  ],
  [
    'writeHead with no status message and fields',
    (_req, res) => {
      res.writeHead(200, undefined, { 'X-One': '1' }).end('x')
    },
  ],
  [
    'writeHead over a field that was set',
    (_req, res) => {
      res.setHeader('X-One', 'before').writeHead(200, { 'x-one': 'after' }).end('x')
    },
  ],
  [
    'a status message that was set',
    (_req, res) => {
      res.statusMessage = 'As ordered'
      res.end('x')
    },
  ],
]
