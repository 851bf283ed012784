import { once } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import { SocketResponse, type AnswerListener } from './socket-exchange.js';

class Told implements AnswerListener {
  readonly calls: string[] = [];
  isRefusing = false;
  pending: Promise<void> | undefined;

  head(status: number, headers: ReadonlyMap<string, string>): void {
    this.calls.push(`head ${status} ${headers.get('content-type')}`);
  }

  data(chunk: Buffer): Promise<void> | void {
    if (this.isRefusing) throw new Error('no more');
    this.calls.push(`data ${chunk.toString()}`);
    return this.pending;
  }

  end(): void {
    this.calls.push('end');
  }

  cut(): void {
    this.calls.push('cut');
  }
}

describe('an answer on its way to a socket', () => {
  let told: Told;
  let response: SocketResponse;

  beforeEach(() => {
    told = new Told();
    response = new SocketResponse(told);
    response.writeHead(200, ['Content-Type', 'text/plain']);
  });

  it('tells head, data and end, and closes once', async () => {
    let closes = 0;
    response.on('close', () => (closes += 1));
    expect(response.write('a')).toBe(true);
    response.end(Buffer.from('b'));
    expect(response.writableEnded).toBe(true);
    expect(closes).toBe(0);
    await once(response, 'close');
    response.destroy();
    expect(told.calls).toEqual(['head 200 text/plain', 'data a', 'data b', 'end']);
    expect(closes).toBe(1);
  });

  it('asks for a pause while the client has not read, and ends after it', async () => {
    let goOn: () => void = () => undefined;
    told.pending = new Promise((resolve) => (goOn = resolve));
    expect(response.write('a')).toBe(false);
    const over = Promise.all([once(response, 'drain'), once(response, 'finish')]);
    response.end();
    expect(told.calls.at(-1)).toBe('data a');
    goOn();
    await over;
    expect(told.calls.at(-1)).toBe('end');
  });

  it('is cut when it is destroyed before its end, also while it waits', () => {
    told.pending = new Promise(() => undefined);
    response.write('a');
    response.end();
    response.destroy();
    expect(told.calls.slice(-2)).toEqual(['data a', 'cut']);
    expect(response.write('b')).toBe(false);
  });

  it('is cut when the listener wants no more', () => {
    told.isRefusing = true;
    response.write('a');
    expect(told.calls.at(-1)).toBe('cut');
    expect(response.destroyed).toBe(true);
  });

  it('says when something was written', async () => {
    await new Promise<void>((resolve) => {
      response.write('a', resolve);
    });
    expect(told.calls.at(-1)).toBe('data a');
  });
});
