// Every page in every text size and both colours; and first, that a bad page would be noticed.
import { expect, test } from './support/world.ts'
import { look } from './support/looks.ts'

test('a page with cut text, small targets or faint words is noticed', async ({ phoneOf }) => {
  const phone = phoneOf('王秀兰')
  await phone.open()
  await phone.page.evaluate(() => {
    const put = (tag: string, text: string, style: Partial<CSSStyleDeclaration>) => {
      const element = document.body.appendChild(document.createElement(tag))
      element.textContent = text
      Object.assign(element.style, style)
    }
    put('div', '学习党章，讨论修路', { width: '40px', overflow: 'hidden', whiteSpace: 'nowrap' })
    put('div', '通过修路的决议', { height: '8px', overflow: 'hidden' })
    put('button', '小', { width: '20px', height: '20px', padding: '0' })
    put('div', '看不清', { color: '#eee', background: '#fff' })
    put('div', '太宽', { width: '600px' })
  })
  const faults = (await look(phone.page, 'failed/on-purpose', { target: 48 })).join('\n')
  for (const said of ['across', 'below', 'small target', 'color-contrast', 'scrolls sideways']) expect(faults).toContain(said)
})
