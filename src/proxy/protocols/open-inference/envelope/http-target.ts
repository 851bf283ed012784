import { upstreamFirstByteTimeout } from '../../../proxy.errors.js';
import type { HttpAnswer, HttpQuestion, McpHttp } from '../../mcp/mcp-http.js';
import type { McpTarget } from '../../mcp/mcp-target.js';
import { readModelMetadata, type ModelMetadata } from '../models/model-answers.js';
import type { InferTarget, Told } from './infer-target.js';
import type { Plan } from './plan.js';

const QUESTION_TIMEOUT_MS = 5000;
const JSON_BODY = ['content-type', 'application/json'];
const JSON_ANSWER = ['accept', 'application/json'];

/** A target that speaks HTTP. */
export class HttpTarget implements InferTarget {
  constructor(
    private readonly http: McpHttp,
    private readonly place: McpTarget,
    private readonly signal: AbortSignal,
  ) {}

  get key(): string {
    return `${this.place.tenant} ${this.place.origin}`;
  }

  async metadata(path: string): Promise<Told<ModelMetadata>> {
    const { status, text } = await this.ask(path);
    const metadata = isOk(status) ? readModelMetadata(text) : undefined;
    return { value: metadata, words: `GET ${path}: ${status}${textless(status, metadata)}` };
  }

  async hasOpenAi(base: string): Promise<Told<true>> {
    const { status } = await this.ask(`${base}/models`);
    return { value: isOk(status) ? true : undefined, words: `GET ${base}/models: ${status}` };
  }

  send({ path, body }: Plan): Promise<HttpAnswer> {
    return this.http.send({ ...this.place, path }, { method: 'POST', headers: JSON_BODY, body }, this.signal);
  }

  private async ask(path: string): Promise<{ status: number; text: string }> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(upstreamFirstByteTimeout()), QUESTION_TIMEOUT_MS);
    const question: HttpQuestion = { method: 'GET', headers: JSON_ANSWER };
    try {
      const signal = AbortSignal.any([this.signal, limit.signal]);
      const place = { ...this.place, path, tally: { bytesIn: 0, bytesOut: 0 } };
      const answer = await this.http.send(place, question, signal);
      return { status: answer.status, text: await this.http.read(answer) };
    } finally {
      clearTimeout(timer);
    }
  }
}

const isOk = (status: number): boolean => status >= 200 && status < 300;

function textless(status: number, metadata: ModelMetadata | undefined): string {
  if (!isOk(status)) return '';
  return metadata ? ' without a text input' : ' without metadata';
}
