import type { ServerFrame } from './frames.js';
import { textFrame } from './text-frame.js';

/** A frame for many: made into text once and into bytes of a WebSocket once, however many hear it. */
export class StreamMessage {
  private text: string | undefined;
  private framed: Buffer | undefined;

  constructor(readonly frame: ServerFrame) {}

  get json(): string {
    return (this.text ??= JSON.stringify(this.frame));
  }

  /** As it stands on the wire of a plain WebSocket. Shared: not to be changed. */
  get bytes(): Buffer {
    return (this.framed ??= textFrame(this.json));
  }
}
