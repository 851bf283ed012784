import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { GaugeChannel } from './channels.js';
import { StreamMessage } from './stream-message.js';

export interface GaugeSnapshot {
  seq: number;
  message: StreamMessage;
}

/** Gauges are numbered by time, so that their numbers rise through restarts and from process to process. */
@Injectable()
export class GaugeNumbers {
  private last = 0;

  constructor(private readonly clock: Clock) {}

  next(): number {
    this.last = Math.max(this.last + 1, this.clock.now());
    return this.last;
  }

  /** The number is drawn first: whatever changes while the state is read has a greater one. */
  async snapshot(channel: GaugeChannel, read: () => Promise<object>): Promise<GaugeSnapshot> {
    const seq = this.next();
    const data = await read();
    return { seq, message: new StreamMessage({ type: 'snapshot', channel, seq, data }) };
  }
}
