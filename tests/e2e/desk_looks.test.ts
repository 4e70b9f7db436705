// Every page of the desk, as wide as a phone and as a screen, in both colours.
import { signIn } from './support/desk.ts'
import { look } from './support/looks.ts'
import { submittedEvening } from './support/scene.ts'
import { expect, test } from './support/world.ts'

const PAGES: Record<string, string> = {
  inbox: '',
  overview: 'overview',
  quarantine: 'quarantine',
  points: 'points',
  orgs: 'orgs',
  accounts: 'accounts',
  devices: 'devices',
  audit: 'audit',
  'rule-book': 'rule-book',
  feedback: 'feedback',
  settings: 'settings',
}

for (const width of [360, 1280]) {
  for (const theme of ['light', 'dark'] as const) {
    test(`every page of the desk, ${width} wide, ${theme}`, async ({ server, deskOf }) => {
      const { record } = submittedEvening(server)
      const desk = deskOf('管理员', width, theme)
      const faults: string[] = []
      await desk.open()
      await desk.find('button', '登录').waitFor()
      faults.push(...(await look(desk.page, `desk/${width}-${theme}/sign-in`)))
      await signIn(desk, 'admin')
      await desk.find('heading', '待阅').waitFor()
      for (const [name, path] of Object.entries({ ...PAGES, record: `records/${record}` })) {
        await desk.page.goto(new URL(`/console/${path}`, server.url).href)
        await desk.page.getByRole('heading', { level: 1 }).first().waitFor()
        await desk.page.getByText('正在读取…').first().waitFor({ state: 'hidden' })
        faults.push(...(await look(desk.page, `desk/${width}-${theme}/${name}`)))
      }
      expect(faults).toEqual([])
    })
  }
}
