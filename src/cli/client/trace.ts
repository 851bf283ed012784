import type { IncomingMessage } from 'node:http';

export type Detail = 'none' | 'requests' | 'everything';

/** Longest part of a body that is shown. */
const SHOWN_CHARACTERS = 4000;

/**
 * Tells on standard error what goes over the wire: `-dv` one line per request and answer, `-dm` also headers and
 * bodies. Secrets are hidden in both; the tools for that are only loaded when they are needed.
 */
export class Trace {
  constructor(
    private readonly stderr: NodeJS.WritableStream,
    private readonly detail: Detail,
    /** Texts that are never shown, wherever they turn up: the caller's key or token. */
    private readonly secrets: readonly string[] = [],
  ) {}

  async request(
    method: string,
    url: URL,
    headers: Readonly<Record<string, unknown>>,
    body?: string,
  ): Promise<void> {
    if (this.detail === 'none') return;
    this.line(`> ${method} ${url.href}`);
    await this.everything('>', headers, body);
  }

  async answer(response: IncomingMessage, durationMs: number): Promise<void> {
    if (this.detail === 'none') return;
    const { statusCode, statusMessage, headers } = response;
    const requestId = headers['x-request-id'] ?? 'none';
    this.line(
      `< ${statusCode} ${statusMessage}, ${Math.round(durationMs)} ms, request id ${String(requestId)}`,
    );
    await this.everything('<', headers);
  }

  async body(text: string): Promise<void> {
    await this.everything('<', {}, text);
  }

  private async everything(
    mark: string,
    headers: Readonly<Record<string, unknown>>,
    body?: string,
  ): Promise<void> {
    if (this.detail !== 'everything') return;
    const { redactBody, redactHeaders } = await import('./redact.js');
    for (const [name, value] of redactHeaders(headers)) this.line(`${mark}   ${name}: ${value}`);
    if (body) this.line(`${mark}   ${shorten(redactBody(body))}`);
  }

  private line(text: string): void {
    const shown = this.secrets.reduce((line, secret) => line.replaceAll(secret, '[redacted]'), text);
    this.stderr.write(`${shown}\n`);
  }
}

function shorten(text: string): string {
  if (text.length <= SHOWN_CHARACTERS) return text;
  return `${text.slice(0, SHOWN_CHARACTERS)}… (${text.length} characters)`;
}
