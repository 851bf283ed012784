import type { StreamedAnswer } from './api.js';
import type { Output } from './output.js';
import { parseJson } from './problem.js';
import { serverSentData } from './sse.js';
import type { ProxyEnvelope } from './wire.js';

export function isEventStream({ headers }: StreamedAnswer): boolean {
  return headers['content-type']?.startsWith('text/event-stream') ?? false;
}

/** Passes an upstream's bytes on as they arrive; for programs, events become one JSON value a line. */
export async function relay(output: Output, answer: StreamedAnswer): Promise<void> {
  if (output.isJson && isEventStream(answer)) {
    for await (const data of serverSentData(answer.pieces)) await output.write(`${jsonLine(data)}\n`);
    return;
  }
  for await (const piece of answer.pieces) await output.write(piece);
}

/** JSON stays as it was written unless it spreads over lines; other text becomes a JSON string. */
export function jsonLine(data: string): string {
  const value = parseJson(data);
  if (value === undefined) return JSON.stringify(data);
  return data.includes('\n') ? JSON.stringify(value) : data;
}

/** The upstream's body on standard output; how it went, beside it, on standard error. */
export async function showEnvelope(
  output: Output,
  stderr: NodeJS.WritableStream,
  upstream: ProxyEnvelope,
): Promise<void> {
  const { status_code, duration_ms, instance_id, attempts } = upstream;
  const status = output.paint[status_code < 400 ? 'green' : 'red'](String(status_code));
  const facts = [
    `${Math.round(duration_ms)} ms`,
    instance_id,
    attempts > 1 ? `${attempts} attempts` : undefined,
  ];
  stderr.write(`${[`status ${status}`, ...facts].filter(Boolean).join(', ')}\n`);
  const body = bodyOf(upstream);
  if (body.length > 0) await output.write(body);
}

function bodyOf({ body, body_encoding }: ProxyEnvelope): string | Uint8Array {
  if (body === null || body === undefined || body === '') return '';
  if (body_encoding === 'base64') return Buffer.from(String(body), 'base64');
  return `${typeof body === 'string' ? body : JSON.stringify(body, undefined, 2)}\n`;
}
