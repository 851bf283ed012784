import type { Channel } from './channels.js';
import { StreamMessage } from './stream-message.js';

/** An event on its way to subscribers. */
export interface StreamedEvent {
  channel: Channel;
  seq: number;
  /** Epoch ms. */
  at: number;
  data: object;
}

export function eventMessage({ channel, seq, at, data }: StreamedEvent): StreamMessage {
  return new StreamMessage({ type: 'event', channel, seq, ts: new Date(at).toISOString(), data });
}
