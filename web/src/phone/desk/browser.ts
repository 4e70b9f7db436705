// What the browser around the app is, as far as it changes what a person has to do.

export const inWechat = /MicroMessenger/i.test(navigator.userAgent)
export const onApple = /iPhone|iPad|iPod/i.test(navigator.userAgent)

export const fromDesktop = (): boolean =>
  matchMedia('(display-mode: standalone)').matches || (navigator as { standalone?: boolean }).standalone === true

/** A label for this phone that people would recognise, e.g. the model of an Android phone. */
export function phoneModel(): string {
  const android = /Android [^;)]*;\s*([^;)]+?)(?: Build|[;)])/.exec(navigator.userAgent)?.[1]
  if (android !== undefined && android.length > 1) return android.slice(0, 30)
  return onApple ? 'iPhone' : ''
}

/** Chromium offers to add the app; the offer can be used once. */
interface AddPrompt extends Event {
  prompt(): Promise<unknown>
}

let offer: AddPrompt | null = null
addEventListener('beforeinstallprompt', (event) => {
  event.preventDefault()
  offer = event as AddPrompt
})

export const canAdd = (): boolean => offer !== null

export async function addToDesktop(): Promise<void> {
  const now = offer
  offer = null
  await now?.prompt()
}

/** Hands a file to the person as a download. WeChat's browser swallows downloads without a word. */
export function handOver(name: string, bytes: Uint8Array<ArrayBuffer>): boolean {
  if (inWechat) return false
  const file = new File([bytes], name, { type: 'application/octet-stream' })
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
  return true
}
