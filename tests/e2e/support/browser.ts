// Chromium with a profile folder of its own, as a phone or a desk has: its process can be killed and started again, and
// finds what it kept.
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, type BrowserContextOptions, type CDPSession, chromium, type Page } from 'playwright-core'
import { CHROMIUM } from './places.ts'
import { Troubles } from './troubles.ts'

// The last three keep the browser itself from asking the internet for something.
export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export class Browser {
  readonly troubles: Troubles
  private context: BrowserContext | null = null
  readonly profile = mkdtempSync(join(tmpdir(), 'zhibu-browser-'))
  private isOffline = false

  constructor(
    readonly origin: () => string,
    private readonly looks: BrowserContextOptions,
  ) {
    this.troubles = new Troubles(origin)
  }

  /** Starts the process; the network is as it was left. */
  async start(): Promise<Page> {
    const context = await chromium.launchPersistentContext(this.profile, {
      executablePath: CHROMIUM,
      args: FLAGS,
      locale: 'zh-CN',
      timezoneId: 'Asia/Shanghai',
      acceptDownloads: true,
      offline: this.isOffline,
      ...this.looks,
    })
    context.setDefaultTimeout(20_000)
    await this.troubles.watch(context)
    this.context = context
    return context.pages()[0] ?? (await context.newPage())
  }

  get running(): BrowserContext {
    if (!this.context) throw new Error('this browser is not running')
    return this.context
  }

  get isRunning(): boolean {
    return this.context !== null
  }

  /** The battery falls out: no event reaches the page. */
  async kill(): Promise<void> {
    const context = this.running
    this.context = null
    const pid = Number(readlinkSync(join(this.profile, 'SingletonLock')).split('-').at(-1))
    const closed = new Promise((resolve) => context.once('close', resolve))
    process.kill(pid, 'SIGKILL')
    await closed
  }

  /** Closes it as a person does. */
  async close(): Promise<void> {
    const context = this.context
    this.context = null
    await context?.close()
  }

  /** Closes it and forgets its profile. */
  async end(): Promise<void> {
    await this.close()
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 })
  }

  /** The browser's own switch; stays as it is over restarts. */
  async offline(is: boolean): Promise<void> {
    this.isOffline = is
    await this.context?.setOffline(is)
  }

  /** The page's debugging line. */
  debug(page: Page): Promise<CDPSession> {
    return this.running.newCDPSession(page)
  }
}
