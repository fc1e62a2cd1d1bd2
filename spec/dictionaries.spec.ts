import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInThisContext } from 'node:vm'
import { expect } from 'chai'
import { keepInDictionaries } from '../lib/dictionaries'

describe('keepInDictionaries', () => {
  const asNodeMakesThem = () => {
    const req = new IncomingMessage(new Socket())
    return { req, res: new ServerResponse(req) }
  }
  const asExpressDoes = () => {
    const { req, res } = asNodeMakesThem()
    Object.setPrototypeOf(req, Object.create(IncomingMessage.prototype) as object)
    Object.setPrototypeOf(res, Object.create(ServerResponse.prototype) as object)
    return { req, res }
  }
  const isShaped = (object: object): boolean => {
    setFlagsFromString('--allow-natives-syntax')
    try {
      return (runInThisContext('(object) => %HasFastProperties(object)') as typeof isShaped)(object)
    } finally {
      setFlagsFromString('--no-allow-natives-syntax')
    }
  }

  it('has V8 before Node 24 keep what Express has given another prototype in dictionaries', () => {
    const { req, res } = asExpressDoes()
    expect([isShaped(req), isShaped(res)]).to.deep.equal([true, true])
    keepInDictionaries(req, res)
    const isNode24OrLater = Number(process.versions.node.split('.', 1)[0]) >= 24
    expect([isShaped(req), isShaped(res)]).to.deep.equal([isNode24OrLater, isNode24OrLater])
  })

  it('leaves every property as it was', () => {
    const { req, res } = asExpressDoes()
    req.complete = true
    res.sendDate = false
    const before = [req, res].map((object) => Object.getOwnPropertyDescriptors(object))
    keepInDictionaries(req, res)
    const after = [req, res].map((object) => Object.getOwnPropertyDescriptors(object))
    for (const [index, properties] of before.entries()) {
      expect(Reflect.ownKeys(after[index] ?? {})).to.have.members(Reflect.ownKeys(properties))
      for (const key of Reflect.ownKeys(properties))
        expect(Reflect.get(after[index] ?? {}, key)).to.deep.equal(Reflect.get(properties, key))
    }
  })

  it('leaves alone what is as Node makes it: that has a shape in common with others', () => {
    const { req, res } = asNodeMakesThem()
    keepInDictionaries(req, res)
    expect([isShaped(req), isShaped(res)]).to.deep.equal([true, true])
  })

  it('leaves alone what is none of the two, as tests have it', () => {
    const req = Object.preventExtensions({ complete: true }) as unknown as IncomingMessage
    for (const res of [undefined, null, {}, Object.preventExtensions({ sendDate: true })])
      keepInDictionaries(req, res as ServerResponse)
    expect(req.complete).to.equal(true)
  })

  it('leaves alone what can take nothing', () => {
    const { req, res } = asExpressDoes()
    req.complete = true
    for (const object of [req, res]) Object.preventExtensions(object)
    keepInDictionaries(req, res)
    expect([req.complete, res.sendDate]).to.deep.equal([true, true])
  })

  it('leaves alone what lets nothing be taken away', () => {
    const { req, res } = asExpressDoes()
    Object.defineProperty(res, 'sendDate', { configurable: false, writable: false, value: true })
    Object.freeze(req)
    keepInDictionaries(req, res)
    expect([req.complete, res.sendDate]).to.deep.equal([false, true])
  })
})
