/** Half-typed comments, by record: they outlive a closed dialog, a reload and a session that ends. */
const PREFIX = 'zhibu.console.comment.'

export function keptDraft(record: string): string {
  return sessionStorage.getItem(PREFIX + record) ?? ''
}

export function keepDraft(record: string, words: string): void {
  if (words) sessionStorage.setItem(PREFIX + record, words)
  else dropDraft(record)
}

export function dropDraft(record: string): void {
  sessionStorage.removeItem(PREFIX + record)
}
