/** Keys of the pages. A key never acts while somebody writes, nor together with a modifier that the browser owns. */
import { onActivated, onBeforeUnmount, onDeactivated, onMounted } from 'vue'

export type KeyMap = Readonly<Record<string, () => void>>

interface KeyPress {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  isComposing: boolean
  defaultPrevented: boolean
  target: EventTarget | null
}

/** The action that a key press asks for, if any. Letters count in either case: Caps Lock is not a wish. */
export function actionOf(press: KeyPress, keys: KeyMap): (() => void) | undefined {
  if (press.ctrlKey || press.metaKey || press.altKey || press.isComposing || press.defaultPrevented) return undefined
  if (isWriting(press.target)) return undefined
  const name = press.key.length === 1 ? press.key.toLowerCase() : press.key
  // Enter on a button or a link is that button's or link's.
  if (name === 'Enter' && isPressable(press.target)) return undefined
  return Object.hasOwn(keys, name) ? keys[name] : undefined
}

interface Node {
  closest?: (selector: string) => unknown
}

function isWriting(target: EventTarget | null): boolean {
  const node = target as Node | null
  return Boolean(node?.closest?.('input:not([type=radio],[type=checkbox]), textarea, select, [contenteditable], [role=combobox]'))
}

function isPressable(target: EventTarget | null): boolean {
  return Boolean((target as Node | null)?.closest?.('a, button, summary, [role=treeitem]'))
}

/** A dialog or drawer is open: it has the keyboard. */
function isCovered(): boolean {
  // A closed one stays in the page, in an overlay that is not painted.
  return [...document.querySelectorAll('[aria-modal=true]')].some((one) => one.getClientRects().length > 0)
}

/** Listens while the component is on the page: mounted, and not kept for later. */
export function useKeys(keys: KeyMap): void {
  const listen = (event: KeyboardEvent) => {
    const action = isCovered() ? undefined : actionOf(event, keys)
    if (!action) return
    event.preventDefault()
    action()
  }
  const start = () => document.addEventListener('keydown', listen)
  const stop = () => document.removeEventListener('keydown', listen)
  onMounted(start)
  onActivated(start)
  onDeactivated(stop)
  onBeforeUnmount(stop)
}
