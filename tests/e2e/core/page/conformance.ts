// The store's contract, rule by rule, each on a database of its own.
import { Shelf } from '@/core/shelf'
import init, { rules, tryRule } from './wasm/core.js'
import address from './wasm/core_bg.wasm?url'

declare global {
  interface Window {
    rules: () => Promise<string[]>
    tryRule: (name: string) => Promise<boolean>
  }
}

window.rules = async () => {
  await init({ module_or_path: address })
  return rules()
}

window.tryRule = async (name) => {
  await init({ module_or_path: address })
  const shelf = await Shelf.open(`conformance-${name}`, () => undefined)
  await shelf.claim()
  return tryRule(name, shelf)
}
