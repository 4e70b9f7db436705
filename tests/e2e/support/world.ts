// What each test gets: a server over the demo district, and as many phones and desks as it asks for. Whatever is left
// open is closed; a browser that met trouble fails the test; a test that fails leaves a picture of each open page.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test as base } from 'vitest'
import type { Browser } from './browser.ts'
import { Desk } from './desk.ts'
import { Phone, type PhoneLooks } from './phone.ts'
import { PICTURES } from './places.ts'
import { Server } from './server.ts'

export { expect } from 'vitest'

interface World {
  server: Server
  /** A new phone, not opened yet. */
  phoneOf: (owner: string, looks?: PhoneLooks) => Phone
  /** A new desk, not opened yet. */
  deskOf: (owner: string, width?: number, theme?: 'light' | 'dark') => Desk
}

interface Household extends World {
  browsers: (Phone | Desk)[]
}

export const test = base.extend<Household>({
  server: async ({}, use) => {
    const server = await Server.demo()
    await use(server)
    await server.end()
  },
  browsers: async ({ task }, use) => {
    const browsers: (Phone | Desk)[] = []
    await use(browsers)
    if (task.result?.state === 'fail') await picture(browsers, task.name)
    await Promise.all(browsers.map((browser: Browser) => browser.end()))
    for (const browser of browsers) browser.troubles.demandNone(browser.owner)
  },
  phoneOf: async ({ server, browsers }, use) => {
    await use((owner, looks) => {
      const phone = new Phone(owner, () => server.url, looks)
      browsers.push(phone)
      return phone
    })
  },
  deskOf: async ({ server, browsers }, use) => {
    await use((owner, width, theme) => {
      const desk = new Desk(owner, () => server.url, width, theme)
      browsers.push(desk)
      return desk
    })
  },
})

async function picture(browsers: (Phone | Desk)[], test: string): Promise<void> {
  const folder = join(PICTURES, 'failed')
  mkdirSync(folder, { recursive: true })
  for (const browser of browsers.filter((each) => each.isRunning)) {
    const path = join(folder, `${test}-${browser.owner}.png`.replaceAll(/[\s/]+/g, '-'))
    // The page may be what failed: then there is no picture of it, and the test's own failure is what counts.
    await browser.page.screenshot({ path, timeout: 5000 }).catch(() => undefined)
  }
}
