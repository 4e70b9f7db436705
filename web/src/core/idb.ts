// What every use of IndexedDB needs.

/** An error of this name: the Rust side tells them apart by it. */
export function named(name: string, message = name): Error {
  return Object.assign(new Error(message), { name })
}

/** Settles when the transaction did, whichever way. */
export function end(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    // An error aborts, and so do a full disk at the commit and a browser that shuts down: each ends here.
    transaction.onabort = () => reject(transaction.error ?? named('Aborted', 'the database gave up'))
  })
}
