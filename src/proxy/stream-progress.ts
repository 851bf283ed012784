const LF = 0x0a;
const CR = 0x0d;

/**
 * Counts the events of a stream while it passes: engines send a token an event, after a first one that names the role.
 * Only for streams whose tokens cost something: it looks at every byte.
 */
export class StreamProgress {
  private events = 0;
  private isLineEmpty = true;
  private isEventEmpty = true;

  constructor(private readonly tell: (outputTokens: number) => void) {}

  get outputTokens(): number {
    return Math.max(0, this.events - 1);
  }

  push(chunk: Buffer): void {
    const before = this.events;
    for (const byte of chunk) {
      if (byte === LF) this.endLine();
      else if (byte !== CR) this.isLineEmpty = false;
    }
    if (this.events > before) this.tell(this.outputTokens);
  }

  /** A blank line ends an event; several in a row end one. */
  private endLine(): void {
    if (!this.isLineEmpty) this.isEventEmpty = false;
    else if (!this.isEventEmpty) {
      this.events += 1;
      this.isEventEmpty = true;
    }
    this.isLineEmpty = true;
  }
}
