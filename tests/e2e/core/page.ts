// The core alone on a page of its own, built as the phone's page is and served under the same policy.
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { build, mergeConfig } from 'vite'
import { shared } from '../../../web/build/shared.ts'
import type { Phone } from '../support/phone.ts'
import type { Server } from '../support/server.ts'

const ROOT_OF_PAGES = new URL('./page', import.meta.url).pathname

/** Builds one of the pages, to be served as the only one; answers its folder. */
export async function buildPage(page: 'core.html' | 'conformance.html'): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), 'zhibu-core-page-'))
  await build(mergeConfig(shared(), {
    root: ROOT_OF_PAGES,
    configFile: false,
    logLevel: 'error',
    build: { outDir, emptyOutDir: true, rolldownOptions: { input: join(ROOT_OF_PAGES, page) } },
  }))
  renameSync(join(outDir, page), join(outDir, 'index.html'))
  return outDir
}

export function forgetPage(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

/** Serves the page instead of the apps. */
export async function serve(server: Server, folder: string): Promise<void> {
  await server.kill()
  await server.start(folder)
}

/** Enrols the page's phone as somebody of the demo district, and reads what the server has. */
export async function enrol(page: Page, link: string): Promise<void> {
  await page.evaluate(async (invite) => {
    await window.core.enrol(invite, '测试手机')
    await window.core.sync()
  }, link)
}

/** An activity of the phone's branch that the branch may still write. */
export function activityOf(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const lines = await window.core.listActivities(null, null)
    const open = lines.find((line) => ['planned', 'held', 'draft', 'returned'].includes(line.status))
    if (open === undefined) throw new Error('the demo district has no open activity')
    return open.id
  })
}

/** Writes a place into an activity, as `tried` tells it. */
export function save(page: Page, activity: string, text: string) {
  return page.evaluate(
    ([id, written]) => window.tried(window.core.execute(id, { set_about: [['place', written]] })),
    [activity, text] as const,
  )
}

/** The place that an activity shows. */
export function place(page: Page, activity: string) {
  return page.evaluate(async (id) => (await window.core.showActivity(id)).about.place, activity)
}

/** No way to the server but for the page itself, which has no service worker to come from. */
export async function cut(phone: Phone): Promise<void> {
  await phone.running.route('**/v1/**', (route) => route.abort())
}
