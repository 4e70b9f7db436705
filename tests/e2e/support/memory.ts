// How much memory the WebAssembly of a page's workers has taken, asked of the engine itself.
import type { CDPSession } from 'playwright-core'
import type { Phone } from './phone.ts'

/** In bytes, over all dedicated workers of the page. */
export async function memoryOfWorkers(phone: Phone): Promise<number> {
  const line = await phone.debug(phone.page)
  const attached: string[] = []
  line.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
    if (targetInfo.type === 'worker') attached.push(sessionId)
  })
  await line.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false })
  const sizes = await Promise.all(attached.map((session) => memoryOf(line, session)))
  await line.detach()
  if (sizes.length === 0) throw new Error('this page has no worker')
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Every `WebAssembly.Memory` that is alive in a worker. */
async function memoryOf(line: CDPSession, session: string): Promise<number> {
  const ask = asker(line, session)
  const prototype = await ask('Runtime.evaluate', { expression: 'WebAssembly.Memory.prototype' })
  const { objects } = await ask('Runtime.queryObjects', { prototypeObjectId: prototype.result.objectId })
  const sum = await ask('Runtime.callFunctionOn', {
    objectId: objects.objectId,
    functionDeclaration: 'function () { return this.reduce((sum, memory) => sum + memory.buffer.byteLength, 0) }',
    returnByValue: true,
  })
  return sum.result.value
}

/** Messages to a worker go inside messages to its page. */
function asker(line: CDPSession, sessionId: string): (method: string, params: object) => Promise<any> {
  let last = 0
  return (method, params) => {
    last += 1
    const id = last
    const answer = new Promise((resolve, reject) => {
      line.on('Target.receivedMessageFromTarget', (event) => {
        const message = JSON.parse(event.message)
        if (event.sessionId !== sessionId || message.id !== id) return
        if (message.error) reject(new Error(message.error.message))
        else resolve(message.result)
      })
    })
    const message = JSON.stringify({ id, method, params })
    return line.send('Target.sendMessageToTarget', { message, sessionId }).then(() => answer)
  }
}
