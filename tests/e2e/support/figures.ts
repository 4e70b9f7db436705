// Measuring in the page, and saying the figure aloud: each is one line of the run, for the README.
import type { Page } from 'playwright-core'

/** Prints a figure beside its goal. */
export function figure(what: string, value: number, goal: number, unit = 'ms'): void {
  const shown = value >= 100 ? Math.round(value) : Math.round(value * 10) / 10
  process.stdout.write(`figure  ${what}: ${shown} ${unit} (goal ${goal})\n`)
}

/** From the page's birth until something is on the screen, in milliseconds of the page's own clock. */
export async function sinceStart(page: Page, selector: string): Promise<number> {
  const handle = await page.waitForFunction(
    (wanted) => (document.querySelector(wanted) ? performance.now() : 0),
    selector,
    { polling: 'raf' },
  )
  return handle.jsonValue()
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
