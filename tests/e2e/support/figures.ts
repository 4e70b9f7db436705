// Measuring in the page, and saying the figure aloud: each is one line of the run, for the README.
import type { Page } from 'playwright-core'

/** Prints a figure beside its goal. */
export function figure(what: string, value: number, goal: number, unit = 'ms'): void {
  const shown = value >= 100 ? Math.round(value) : Math.round(value * 10) / 10
  process.stdout.write(`figure  ${what}: ${shown} ${unit} (goal ${goal})\n`)
}

/** From the page's birth until it says something, in milliseconds of the page's own clock. */
export async function sinceStart(page: Page, words: string): Promise<number> {
  const said = (wanted: string) => (document.body?.textContent?.includes(wanted) ? performance.now() : 0)
  return (await page.waitForFunction(said, words, { polling: 'raf' })).jsonValue() as Promise<number>
}

/** Collects tasks that kept the main thread from answering; each call of the result answers those seen since the last. */
export async function longTasks(page: Page): Promise<() => Promise<number[]>> {
  await page.evaluate(() => {
    const kept = window as unknown as { longTasks: number[] }
    kept.longTasks = []
    new PerformanceObserver((list) => {
      kept.longTasks.push(...list.getEntries().map((entry) => entry.duration))
    }).observe({ type: 'longtask', buffered: true })
  })
  return () => page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks.splice(0))
}

/** The middle one of several, since one measurement is an anecdote. */
export function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** How long the work below takes on the machine that the README's figures are of. */
const USUAL_MS = 4.5

/**
 * How many times slower this machine is at the moment than that one, at least once: a goal is about the phone, and a
 * machine that tests is shared. To be asked right after what was measured.
 */
export function slowness(): number {
  const times = Array.from({ length: 21 }, () => {
    const start = performance.now()
    const counts = new Map<string, number>()
    for (let n = 0; n < 60_000; n += 1) counts.set(`x${n % 5000}`, (counts.get(`x${n % 5000}`) ?? 0) + n)
    JSON.parse(JSON.stringify([...counts]))
    return performance.now() - start
  })
  return Math.max(1, median(times) / USUAL_MS)
}
