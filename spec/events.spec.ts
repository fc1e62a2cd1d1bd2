import { expect } from 'chai'
import { Events } from '../lib/events'
import { RecordingLogger } from './support/recording-logger'

interface Weather {
  rain: { readonly mm: number }
  sun: { readonly hours: number }
}

describe('Events', () => {
  let logger: RecordingLogger
  let events: Events<Weather>

  beforeEach(() => {
    logger = new RecordingLogger()
    events = new Events(logger)
  })

  it('tells every listener of an event, in the order in which they were added, before emit returns', () => {
    const heard: string[] = []
    events.on('rain', ({ mm }) => heard.push(`first ${String(mm)}`))
    events.on('rain', ({ mm }) => heard.push(`second ${String(mm)}`))
    events.on('sun', ({ hours }) => heard.push(`sun ${String(hours)}`))
    events.emit('rain', { mm: 5 })
    expect(heard).to.deep.equal(['first 5', 'second 5'])
  })

  it('needs no listener', () => {
    events.emit('sun', { hours: 8 })
    expect(logger.lines).to.deep.equal([])
  })

  it('tells a listener nothing once it was taken away, any number of times', () => {
    const heard: number[] = []
    const off = events.on('rain', ({ mm }) => heard.push(mm))
    events.on('rain', ({ mm }) => heard.push(-mm))
    off()
    off()
    events.emit('rain', { mm: 5 })
    expect(heard).to.deep.equal([-5])
  })

  it('logs a listener that throws, and tells the others all the same', () => {
    const heard: number[] = []
    events.on('rain', () => {
      throw new Error('no umbrella')
    })
    events.on('rain', ({ mm }) => heard.push(mm))
    events.emit('rain', { mm: 5 })
    expect(heard).to.deep.equal([5])
    expect(logger.lines).to.deep.equal([
      { level: 'error', message: 'Cache listener failed', details: { event: 'rain', cause: 'no umbrella' } },
    ])
  })

  it('tells those who were listening when the event came, also when one takes another away', () => {
    const heard: string[] = []
    events.on('rain', () => {
      heard.push('first')
      off()
    })
    const off = events.on('rain', () => heard.push('second'))
    events.emit('rain', { mm: 1 })
    events.emit('rain', { mm: 2 })
    expect(heard).to.deep.equal(['first', 'second', 'first'])
  })
})
