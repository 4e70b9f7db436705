// What must never happen on any page: an error in the console, a breach of the page's policy, a request to anybody but
// our own server. Collected over the whole life of a browser; a test that ends with one fails.
import type { BrowserContext, ConsoleMessage } from 'playwright-core'

/** The network's own words for a request that a test let fail: without signal, or refused with a status. */
const FAILED_REQUEST = /^Failed to load resource: (net::ERR_|the server responded with a status of)/

/** Of one trouble, in characters: the first lines of a stack say where it was. */
const LONGEST = 500

export class Troubles {
  private readonly seen: string[] = []
  private readonly expected: RegExp[] = []

  constructor(private readonly origin: () => string) {}

  /** Listens to all pages and workers of a browser. */
  async watch(context: BrowserContext): Promise<void> {
    context.on('console', (message) => this.hear(message))
    context.on('weberror', (error) => this.seen.push(`uncaught: ${error.error().stack ?? error.error().message}`))
    context.on('request', (request) => {
      const url = request.url()
      const ours = url.startsWith(this.origin()) || /^(data|blob|about|chrome-error):/.test(url)
      if (!ours) this.seen.push(`request to a stranger: ${url}`)
    })
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`policy: ${event.violatedDirective} blocked ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`)
      })
    })
  }

  /** This kind of trouble is what the test is about. */
  expect(pattern: RegExp): void {
    this.expected.push(pattern)
  }

  /** Throws what was seen. */
  demandNone(whose: string): void {
    const left = this.seen.filter((text) => !this.expected.some((pattern) => pattern.test(text)))
    const each = [...new Set(left)].map((text) => text.slice(0, LONGEST))
    if (each.length > 0) throw new Error(`${whose}:\n${each.join('\n')}`)
  }

  private hear(message: ConsoleMessage): void {
    const text = message.text()
    const bad = message.type() === 'error' || (message.type() === 'warning' && text.startsWith('[Vue'))
    if (bad && !FAILED_REQUEST.test(text)) this.seen.push(`${message.type()}: ${text} (${message.location().url})`)
  }
}
