// Moments drawn from a seed: the same seed kills at the same moments, as far as the machine is the same.

export class Moments {
  constructor(private state: number) {}

  /** A number from 0 up to this one (mulberry32). */
  below(bound: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound
  }

  /** Lets some time pass, at most so much. */
  async pass(mostMs: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.below(mostMs)))
  }
}
