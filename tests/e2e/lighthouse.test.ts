// Lighthouse's mobile preset: a slow processor and a thin line.
import { expect, test } from './support/world.ts'
import { figure } from './support/figures.ts'
import { judge } from './support/lighthouse.ts'

test('somebody opens the app for the first time, and the reviewer signs in', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  const pages = { 'invite link': server.invite('secretary'), 'console login': `${server.url}/console/` }
  for (const [name, url] of Object.entries(pages)) {
    const { scores, losses } = await judge(url, phone.profile)
    for (const [category, score] of Object.entries(scores)) {
      figure(`lighthouse ${name}: ${category}`, score, category === 'performance' ? 90 : 100, 'of 100')
    }
    const said = `${name}: ${losses.join('\n')}`
    expect(scores.performance, said).toBeGreaterThanOrEqual(90)
    expect([scores.accessibility, scores['best-practices']], said).toEqual([100, 100])
  }
})
