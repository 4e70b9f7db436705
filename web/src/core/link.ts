// The page's end of the core: starts the worker, asks it, and starts it anew when it fell or grew too large. Nothing
// is lost by that: what was acknowledged is in the database, and what was not is reported as not known.

import type { CoreError } from './api'
import { type Answer, type Call, type FromWorker, type Method, READS } from './calls'
import { coreError, fault, type Fault } from './faults'
import type { RecordId } from './generated'
import { scriptUrl } from './trusted'
import workerAddress from './worker?worker&url'

/** WebAssembly never gives memory back: a worker beyond this is replaced as soon as it has nothing to do. */
const MAX_MEMORY_BYTES = 96 << 20

interface Waiting {
  answer(value: unknown): void
  fail(error: CoreError): void
}

interface Hears {
  changed(what: RecordId[] | null): void
  fell(error: CoreError): void
}

/** One worker, from its start to its end. */
class Running {
  memory = 0
  private readonly worker = new Worker(scriptUrl(workerAddress), { type: 'module' })
  private readonly calls = new Map<number, Waiting>()
  private idle: (() => void)[] = []
  private last = 0
  private hasSpoken = false

  constructor(hears: Hears, private readonly onEnd: () => void) {
    this.worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      this.hasSpoken = true
      if (!('notice' in data)) return this.settle(data)
      if (data.notice === 'changed') return hears.changed(data.what)
      this.end(fault('restarted', data.why))
      hears.fell(coreError(fault('restarted', data.why)))
    }
    // Before it ever said a word, it was its script that could not be had; later, it fell over outside of any call.
    this.worker.onerror = ({ message }) => this.end(fault(this.hasSpoken ? 'restarted' : 'offline', message))
  }

  ask<M extends Method>(method: M, args: unknown[]): Promise<Answer<M>> {
    const call: Call = { id: ++this.last, method, args }
    return new Promise<unknown>((answer, fail) => {
      this.calls.set(call.id, { answer, fail })
      this.worker.postMessage(call)
    }) as Promise<Answer<M>>
  }

  /** Ends it at once: what was asked and not answered fails with this. */
  end(why: Fault): void {
    this.worker.terminate()
    this.onEnd()
    const calls = [...this.calls.values()]
    this.calls.clear()
    calls.forEach(({ fail }) => fail(coreError(why)))
    this.rest()
  }

  /** When it has nothing to do. */
  rests(): Promise<void> {
    return this.calls.size === 0 ? Promise.resolve() : new Promise((resolve) => this.idle.push(resolve))
  }

  private settle(reply: Exclude<FromWorker, { notice: unknown }>): void {
    const waiting = this.calls.get(reply.id)
    this.calls.delete(reply.id)
    this.memory = reply.memory
    if ('fault' in reply) waiting?.fail(coreError(reply.fault))
    else waiting?.answer(reply.value)
    if (this.calls.size === 0) this.rest()
  }

  private rest(): void {
    const idle = this.idle
    this.idle = []
    idle.forEach((resolve) => resolve())
  }
}

export class Link {
  private running: Promise<Running> | null = null
  private current: Running | null = null
  private isWriter = false

  constructor(private readonly hears: Hears) {}

  /** Asks the worker; a question is asked once more if the worker fell over it. */
  async call<M extends Method>(method: M, ...args: unknown[]): Promise<Answer<M>> {
    const isRead = (READS as readonly string[]).includes(method)
    try {
      return await (await this.ready()).ask(method, args)
    } catch (error) {
      if (!isRead || (error as CoreError).code !== 'restarted') throw error
      return (await this.ready()).ask(method, args)
    }
  }

  /** This window is, or is no longer, the one that writes; resolves when the worker knows. */
  async write(isWriter: boolean): Promise<void> {
    this.isWriter = isWriter
    // A worker that is not there yet is told when it starts.
    if (this.running !== null) await (await this.running).ask(isWriter ? 'claim' : 'release', [])
  }

  private async ready(): Promise<Running> {
    const running = await (this.running ??= this.start())
    if (running.memory <= MAX_MEMORY_BYTES) return running
    await running.rests()
    // Whoever comes first replaces it; the others find the new one.
    if (running === this.current) running.end(fault('restarted', 'recycled'))
    return this.ready()
  }

  private async start(): Promise<Running> {
    if (typeof Worker === 'undefined' || typeof WebAssembly === 'undefined') {
      throw coreError(fault('unsupported'))
    }
    const running = new Running(this.hears, () => {
      if (this.current !== running) return
      this.current = null
      this.running = null
    })
    this.current = running
    try {
      await running.ask('start', [])
      if (this.isWriter) await running.ask('claim', [])
    } catch (error) {
      // The next call tries anew.
      if (this.current === running) running.end(fault('restarted'))
      throw error
    }
    return running
  }
}
