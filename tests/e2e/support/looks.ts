// What every page must look like, at every text size: nothing wider than the screen, no text cut off, targets for thumbs,
// nothing serious from axe. And a picture, for somebody to look at.
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { PICTURES } from './places.ts'

export interface Demands {
  /** The least height and width of whatever is tapped, in points; none at a desk with a mouse. */
  target?: number
}

/** Takes the picture and answers everything that is wrong, in words that name the place. */
export async function look(page: Page, name: string, demands: Demands = {}): Promise<string[]> {
  const path = join(PICTURES, `${name}.png`)
  mkdirSync(dirname(path), { recursive: true })
  await settled(page)
  await takeWhole(page, path)
  const wrong = [...(await page.evaluate(faultsOfLayout, demands.target ?? 0)), ...(await faultsByAxe(page))]
  return wrong.map((fault) => `${name}: ${fault}`)
}

/** The whole page on one sheet: the screen is made as long as the page, so that what sticks to its foot is at its foot. */
async function takeWhole(page: Page, path: string): Promise<void> {
  const size = page.viewportSize()
  if (!size) throw new Error('a page without a screen')
  const height = await page.evaluate(() => document.documentElement.scrollHeight)
  await page.setViewportSize({ width: size.width, height: Math.max(height, size.height) })
  await page.screenshot({ path, animations: 'disabled' })
  await page.setViewportSize(size)
}

/** Nothing moves any more and every font is there: a half-faded sheet has no fair contrast. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await document.fonts.ready
    const moving = document.getAnimations().filter((each) => each.effect?.getComputedTiming().iterations !== Infinity)
    await Promise.allSettled(moving.map((each) => each.finished))
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
  })
}

async function faultsByAxe(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const found = await page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(document, {
      resultTypes: ['violations'],
    })
    return violations.map(({ id, impact, nodes }) => ({
      id,
      impact,
      where: nodes.slice(0, 3).map((node) => `${node.target.join(' ')} (${node.failureSummary?.split('\n')[1]?.trim()})`),
    }))
  })
  const serious = found.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  return serious.map(({ id, where }) => `axe ${id}: ${where.join('; ')}`)
}

/** Runs in the page. */
function faultsOfLayout(target: number): string[] {
  const faults: string[] = []
  const width = document.documentElement.clientWidth
  const wide = document.documentElement.scrollWidth
  if (wide > width) faults.push(`scrolls sideways: ${wide} in ${width}`)

  const nameOf = (element: Element) => {
    const text = element.textContent?.trim().slice(0, 20) ?? ''
    return `<${element.tagName.toLowerCase()} class="${element.getAttribute('class') ?? ''}"> "${text}"`
  }
  // Words for screen readers alone are made one point small on purpose.
  const isShown = (element: Element) => {
    const box = element.getBoundingClientRect()
    const visible = element.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    return visible && box.width > 1 && box.height > 1 && element.closest('[aria-hidden=true]') === null
  }
  const scrolls = (how: string) => how === 'auto' || how === 'scroll'

  /** The first ancestor that cuts a text off where nobody can scroll to it. */
  const cutBy = (box: DOMRect, from: Element | null): string | null => {
    let free = { across: false, down: false }
    for (let each = from; each; each = each.parentElement) {
      const style = getComputedStyle(each)
      const edge = each.getBoundingClientRect()
      const across = !free.across && style.overflowX !== 'visible' && (box.right > edge.right + 1.5 || box.left < edge.left - 1.5)
      const down = !free.down && style.overflowY !== 'visible' && (box.bottom > edge.bottom + 3 || box.top < edge.top - 3)
      if (across && !scrolls(style.overflowX)) return `across by ${nameOf(each)}`
      if (down && !scrolls(style.overflowY)) return `below by ${nameOf(each)}`
      free = { across: free.across || scrolls(style.overflowX), down: free.down || scrolls(style.overflowY) }
      if (style.position === 'fixed') break
    }
    // Wholly to the left is where a link waits that is shown when the keyboard reaches it.
    const isParked = box.right <= 0
    const beyond = !free.across && !isParked && (box.right > width + 1.5 || box.left < -1.5)
    return beyond ? `by the edge of the screen (${Math.round(box.left)} to ${Math.round(box.right)} of ${width})` : null
  }

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (texts.nextNode()) {
    const node = texts.currentNode
    const parent = node.parentElement
    if (!parent || !node.nodeValue?.trim() || !isShown(parent)) continue
    const range = document.createRange()
    range.selectNodeContents(node)
    const cut = Array.from(range.getClientRects(), (box) => cutBy(box, parent)).find((fault) => fault !== null)
    if (cut) faults.push(`text cut off ${cut}: ${nameOf(parent)}`)
    const style = getComputedStyle(parent)
    if (style.textOverflow === 'ellipsis' && parent.scrollWidth > parent.clientWidth + 1) {
      faults.push(`text shortened: ${nameOf(parent)}`)
    }
  }

  if (target > 0) {
    const tapped = 'button, a[href], input:not([type=hidden]), select, textarea, [role=button], [role=tab], [role=switch], [role=radio], [role=checkbox]'
    for (const element of document.querySelectorAll(tapped)) {
      // A box inside its label is tapped by the label.
      const hit = element.closest('label') ?? element
      const box = hit.getBoundingClientRect()
      const small = Math.round(box.height) < target || Math.round(box.width) < target
      if (isShown(element) && small) faults.push(`small target ${Math.round(box.width)}x${Math.round(box.height)}: ${nameOf(element)}`)
    }
  }
  return [...new Set(faults)]
}
