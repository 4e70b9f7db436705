// A person with a phone: 360 points wide, Chinese, touch, and a profile that survives the process.
import type { BrowserContextOptions, Locator, Page } from 'playwright-core'
import { Browser } from './browser.ts'

/** What may differ from phone to phone. */
export interface PhoneLooks {
  colorScheme?: 'light' | 'dark'
  userAgent?: string
}

const LOOKS: BrowserContextOptions = {
  viewport: { width: 360, height: 740 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
}

type Role = Parameters<Page['getByRole']>[0]
type Name = string | RegExp

export class Phone extends Browser {
  private current: Page | null = null
  private slowness = 1

  constructor(
    readonly owner: string,
    origin: () => string,
    looks: PhoneLooks = {},
  ) {
    super(origin, { ...LOOKS, ...looks })
  }

  get page(): Page {
    if (!this.current) throw new Error(`${this.owner}'s phone is not open`)
    return this.current
  }

  /** Opens the app in a fresh process, at a path or a whole link; resolves when its document is there. */
  async open(link = '/'): Promise<void> {
    this.current = await this.start()
    if (this.slowness > 1) await this.slow(this.slowness)
    await this.page.goto(new URL(link, this.origin()).href, { waitUntil: 'domcontentloaded' })
  }

  /** The system takes the memory of the page: its process ends without a word, and the browser's does not. */
  async crash(): Promise<void> {
    const dead = this.page
    const gone = dead.waitForEvent('crash')
    const line = await this.debug(dead)
    // Nobody is left to answer it.
    void line.send('Page.crash').catch(() => undefined)
    await gone
    this.current = await this.running.newPage()
    // Whoever still waits for the dead page is told; whether it closes is nobody's concern.
    void dead.close().catch(() => undefined)
  }

  /** Makes the processor this many times slower, also after a restart. */
  async slow(times: number): Promise<void> {
    this.slowness = times
    if (!this.isRunning) return
    const line = await this.debug(this.page)
    await line.send('Emulation.setCPUThrottlingRate', { rate: times })
  }

  /** Waits until the service worker keeps this app for days without signal. */
  async kept(): Promise<void> {
    await this.page.waitForFunction(async () => {
      const registration = await navigator.serviceWorker.ready
      return registration.active?.state === 'activated'
    })
  }

  /** By what it is and what it is called, as a screen reader finds it. */
  find(role: Role, name: Name): Locator {
    return this.page.getByRole(role, { name, exact: typeof name === 'string' })
  }

  /** Taps a button. */
  async tap(name: Name, role: Role = 'button'): Promise<void> {
    await this.find(role, name).first().tap()
  }

  /** Waits until this text can be seen. */
  async sees(text: Name): Promise<void> {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor({ state: 'visible' })
  }

  /** Waits until the page says that what was done last is saved: not the badge, which may be of what was done before. */
  async saved(): Promise<void> {
    await this.sees(/^已保存到本机(。|$)/)
  }

  /** Waits until this text is gone. */
  async seesNo(text: Name): Promise<void> {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor({ state: 'hidden' })
  }

  /** Writes into the field with this label and leaves it. */
  async writes(label: Name, text: string): Promise<void> {
    const field = this.find('textbox', label)
    await field.fill(text)
    await field.blur()
  }
}
