import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runInBrowser } from '../support/browser.js';
import { runDaemon, signUp, type RunningDaemon } from '../support/running-daemon.js';
import type { Frame } from '../support/ws-client.js';

/** As printed in the user's document; only the address and what becomes of a message differ. */
const snippet = (url: string): string => `
const ws = new WebSocket('${url.replace('http', 'ws')}/ws');

ws.onopen = () => {
  ws.send(JSON.stringify({
    type: 'subscribe'
  }));
};

ws.onmessage = (event) => {
  const data = JSON.parse(event.data);
  report(data);
};`;

const withAuthFrame = (url: string, token: string): string =>
  snippet(url).replace("type: 'subscribe'", `type: 'auth', token: '${token}'`).concat(`
ws.addEventListener('message', (event) => {
  if (JSON.parse(event.data).type === 'authenticated') ws.send(JSON.stringify({ type: 'subscribe' }));
});`);

const withToken = (url: string, token: string): string => `
const ws = new WebSocket('${url.replace('http', 'ws')}/ws', ['gpuproxy.v1', 'bearer.${token}']);
ws.onmessage = (event) => {
  const data = JSON.parse(event.data);
  report(data);
  if (data.type === 'authenticated') ws.send(JSON.stringify({ type: 'subscribe', channels: ['credits'] }));
};`;

describe('a browser', () => {
  let running: RunningDaemon;

  beforeAll(async () => {
    running = await runDaemon('sqlite');
  });
  afterAll(() => running.stop());

  it("runs the document's snippet against a developer-mode daemon and gets the public market", async () => {
    const [subscribed, snapshot] = (await runInBrowser(snippet(running.url), 2)) as Frame[];
    expect(subscribed).toMatchObject({ type: 'subscribed', channels: ['market'] });
    expect(snapshot).toMatchObject({ type: 'snapshot', channel: 'market' });
  });

  it("runs the document's snippet with an auth frame added where nothing is public", async () => {
    const elsewhere = await runDaemon('sqlite', { WS_PUBLIC_MARKET: 'false' });
    const { key } = await signUp(elsewhere.url);
    const frames = (await runInBrowser(withAuthFrame(elsewhere.url, key), 8)) as Frame[];
    expect(frames.slice(0, 2).map(({ type }) => type)).toEqual(['authenticated', 'subscribed']);
    expect(
      frames
        .slice(2)
        .filter(({ type }) => type === 'snapshot')
        .map(({ channel }) => channel),
    ).toContain('credits');
    await elsewhere.stop();
  });

  it('authenticates with a sub-protocol', async () => {
    const { key } = await signUp(running.url);
    const frames = (await runInBrowser(withToken(running.url, key), 3)) as Frame[];
    expect(frames.map(({ type }) => type)).toEqual(['authenticated', 'subscribed', 'snapshot']);
  });
});
