// A staff member at the console.
import type { Locator, Page } from 'playwright-core'
import { Browser } from './browser.ts'

/** What the demo district prints beside its logins. */
export const PASSWORD = 'qingling-2026'

type Role = Parameters<Page['getByRole']>[0]
type Name = string | RegExp

export class Desk extends Browser {
  private current: Page | null = null

  constructor(
    readonly owner: string,
    origin: () => string,
    width = 1280,
    colorScheme: 'light' | 'dark' = 'light',
  ) {
    super(origin, { viewport: { width, height: 800 }, colorScheme })
  }

  get page(): Page {
    if (!this.current) throw new Error(`${this.owner}'s desk is not open`)
    return this.current
  }

  async open(path = '/console/'): Promise<void> {
    this.current = await this.start()
    await this.page.goto(new URL(path, this.origin()).href, { waitUntil: 'domcontentloaded' })
  }

  find(role: Role, name: Name): Locator {
    return this.page.getByRole(role, { name, exact: typeof name === 'string' })
  }

  async click(name: Name, role: Role = 'button'): Promise<void> {
    await this.find(role, name).first().click()
  }

  async sees(text: Name): Promise<void> {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor({ state: 'visible' })
  }
}

/** Signs in on the page that is open. */
export async function signIn(desk: Desk, login: string, password = PASSWORD): Promise<void> {
  await desk.page.getByLabel('用户名').fill(login)
  await desk.page.getByLabel('口令', { exact: true }).fill(password)
  await desk.click('登录')
}
