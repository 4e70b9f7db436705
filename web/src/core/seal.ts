// Bytes sealed to the place where they lie: AES-GCM under a key that cannot be taken out of this browser. Shared by the
// core's store and by what the page keeps beside it.

const NONCE_BYTES = 12

/** Seals and opens under one key. */
export interface Seal {
  /** Seals bytes to the place that they belong to, under a fresh nonce, which stands before them. */
  seal(bytes: Uint8Array<ArrayBuffer>, place: string): Promise<ArrayBuffer>
  /** Opens what was sealed to this place. */
  open(sealed: ArrayBuffer, place: string): Promise<Uint8Array<ArrayBuffer>>
}

export function makeSealKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}

export function sealWith(key: CryptoKey): Seal {
  const bound = (place: string, nonce: BufferSource): AesGcmParams =>
    ({ name: 'AES-GCM', iv: nonce, additionalData: new TextEncoder().encode(place) })
  return {
    async seal(bytes, place) {
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
      const sealed = new Uint8Array(await crypto.subtle.encrypt(bound(place, nonce), key, bytes))
      const whole = new Uint8Array(NONCE_BYTES + sealed.length)
      whole.set(nonce)
      whole.set(sealed, NONCE_BYTES)
      return whole.buffer
    },
    async open(sealed, place) {
      const nonce = new Uint8Array(sealed, 0, NONCE_BYTES)
      return new Uint8Array(await crypto.subtle.decrypt(bound(place, nonce), key, new Uint8Array(sealed, NONCE_BYTES)))
    },
  }
}
