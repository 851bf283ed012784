/** Counts how often in a row something was seen. */
export class Sightings {
  private readonly counts = new Map<string, number>();

  add(key: string): number {
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, count);
    return count;
  }

  /** The row is broken. */
  clear(key: string): 0 {
    this.counts.delete(key);
    return 0;
  }
}
