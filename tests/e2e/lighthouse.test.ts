// Lighthouse's mobile preset: a slow processor and a thin line.
import { expect, test } from './support/world.ts'
import { figure } from './support/figures.ts'
import { judge } from './support/lighthouse.ts'

const GOAL = 90
/** How often a page is judged at the most: a single load says as much of the machine as of the page. */
const MOST_LOADS = 3

test('somebody opens the app for the first time, and the reviewer signs in', async ({ server, phoneOf }) => {
  const phone = phoneOf('王秀兰')
  const pages = { 'invite link': server.invite('secretary'), 'console login': `${server.url}/console/` }
  for (const [name, url] of Object.entries(pages)) {
    let verdict = await judge(url, phone.profile)
    for (let load = 1; load < MOST_LOADS && verdict.scores.performance < GOAL; load += 1) verdict = await judge(url, phone.profile)
    const { scores, losses } = verdict
    for (const [category, score] of Object.entries(scores)) {
      figure(`lighthouse ${name}: ${category}`, score, category === 'performance' ? GOAL : 100, 'of 100')
    }
    const said = `${name}: ${losses.join('\n')}`
    expect(scores.performance, said).toBeGreaterThanOrEqual(GOAL)
    expect([scores.accessibility, scores['best-practices']], said).toEqual([100, 100])
  }
})
