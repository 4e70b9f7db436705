// The content policy of the phone app allows one Trusted Types policy beside Vue's, and each name only once: both the
// core's worker and the page's service worker take their addresses through this one.

interface PolicyFactory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): unknown }
}

function own(url: string): string {
  const whole = new URL(url, location.href)
  if (whole.origin !== location.origin) throw new TypeError('only scripts of this server are run')
  return whole.href
}

const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes
const policy = factory?.createPolicy('zhibu', { createScriptURL: own })

/** The address of a script of this server, in the shape that the browser asks for. */
export function scriptUrl(url: string): string {
  return policy === undefined ? own(url) : (policy.createScriptURL(url) as string)
}
