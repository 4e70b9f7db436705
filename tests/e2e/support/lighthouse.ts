// Lighthouse as it judges a cheap phone, over a browser with a profile of our own: an enrolled phone stays enrolled.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import lighthouse from 'lighthouse'
import { FLAGS } from './browser.ts'
import { CHROMIUM } from './places.ts'

export interface Verdict {
  scores: Record<'performance' | 'accessibility' | 'best-practices', number>
  /** The audits that cost points, in Lighthouse's words. */
  losses: string[]
}

/** How often an address is judged at the most: now and then Lighthouse loses its trace, and that says nothing of the page. */
const MOST_TRIES = 3

/** Judges one address. Fails when Lighthouse itself fails every time, with what it says. */
export async function judge(url: string, profile: string): Promise<Verdict> {
  const failures: string[] = []
  while (failures.length < MOST_TRIES) {
    const report = await run(url, profile)
    const failure = failureOf(report)
    if (failure === null) return verdict(report)
    console.warn(`Lighthouse could not judge: ${failure}`)
    failures.push(failure)
  }
  throw new Error(`Lighthouse could not judge ${url}:\n${failures.join('\n')}`)
}

async function run(url: string, profile: string): Promise<Report> {
  const words = [...FLAGS, '--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank']
  const browser = spawn(CHROMIUM, words, { stdio: ['ignore', 'ignore', 'pipe'] })
  try {
    const port = await new Promise<number>((resolve, reject) => {
      browser.once('exit', (code) => reject(new Error(`Chromium ended with ${code}`)))
      createInterface({ input: browser.stderr }).on('line', (line) => {
        const found = line.match(/DevTools listening on ws:\/\/[^:]+:(\d+)/)
        if (found) resolve(Number(found[1]))
      })
    })
    const result = await lighthouse(url, {
      port,
      onlyCategories: ['performance', 'accessibility', 'best-practices'],
      disableStorageReset: true,
      logLevel: 'error',
    })
    if (!result) throw new Error('Lighthouse said nothing')
    return result.lhr
  } finally {
    const ended = new Promise((resolve) => browser.once('exit', resolve))
    browser.kill('SIGTERM')
    await ended
  }
}

type Report = NonNullable<Awaited<ReturnType<typeof lighthouse>>>['lhr']

/** A category without a score was not judged: some audit of it broke. */
function failureOf({ categories, audits, runtimeError }: Report): string | null {
  const unjudged = Object.values(categories).filter(({ score }) => score === null).map(({ id }) => id)
  if (unjudged.length === 0) return null
  const broken = Object.values(audits).filter(({ scoreDisplayMode }) => scoreDisplayMode === 'error')
  const reasons = [...new Set(broken.map(({ errorMessage }) => errorMessage ?? ''))]
  return `${unjudged.join(', ')}: ${[runtimeError?.message, ...reasons].filter(Boolean).join('; ').slice(0, 600)}`
}

function verdict({ categories, audits }: Report): Verdict {
  const score = (name: string) => Math.round((categories[name]?.score ?? 0) * 100)
  const counted = Object.values(categories).flatMap(({ auditRefs }) => auditRefs.filter(({ weight }) => weight > 0))
  const losses = counted
    .map(({ id }) => audits[id])
    .filter((audit) => audit !== undefined && audit.score !== null && audit.score < 0.9)
    .map((audit) => `${audit?.id} ${audit?.displayValue ?? ''} ${reasons(audit?.details)}`.trim())
  const scores = {
    performance: score('performance'),
    accessibility: score('accessibility'),
    'best-practices': score('best-practices'),
  }
  return { scores, losses }
}

function reasons(details: unknown): string {
  const items = (details as { items?: unknown[] } | undefined)?.items ?? []
  return JSON.stringify(items).slice(0, 400)
}
