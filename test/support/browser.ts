import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { findSystemBinary } from './system-binary.js';
import { createTempFolder } from './temp-folder.js';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Opens a page with a script in headless Chromium and resolves with the first `count` values that the script passes to
 * `report(value)`.
 */
export async function runInBrowser(script: string, count: number): Promise<unknown[]> {
  const reports: unknown[] = [];
  let enough: (() => void) | undefined;
  const complete = new Promise<void>((resolve) => (enough = resolve));
  const server = createServer((request, response) => {
    if (request.method !== 'POST') return response.setHeader('content-type', 'text/html').end(page(script));
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      response.end();
      reports.push(JSON.parse(body));
      if (reports.length === count) enough?.();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const folder = await createTempFolder('browser');
  const flags = [
    ...FLAGS,
    `--user-data-dir=${folder.path}`,
    '--remote-debugging-port=0',
    `http://127.0.0.1:${port}/`,
  ];
  const browser = spawn(findSystemBinary(['chromium'], 'chromium'), flags, { stdio: 'ignore' });
  const died = once(browser, 'exit').then(() => Promise.reject(new Error('the browser ended early')));
  try {
    await Promise.race([complete, died]);
    return reports;
  } finally {
    died.catch(() => undefined);
    browser.kill('SIGKILL');
    server.closeAllConnections();
    server.close();
    await folder.remove();
  }
}

const page = (script: string): string =>
  `<!doctype html><script>
   const report = (value) => fetch('/report', { method: 'POST', body: JSON.stringify(value) });
   ${script}
   </script>`;
