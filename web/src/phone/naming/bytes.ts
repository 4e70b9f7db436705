/** A size as people read it on a phone. */
export function bytes(n: number): string {
  if (n === 0) return '0 KB'
  if (n < 1024 * 1024) return `${Math.max(n / 1024, 0.1).toFixed(n < 10_240 ? 1 : 0)} KB`
  if (n < 1 << 30) return `${(n / 1024 / 1024).toFixed(1)} MB`
  return `${(n / 1024 / 1024 / 1024).toFixed(1)} GB`
}
