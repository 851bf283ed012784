import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../../../config/config.js';
import { EnvelopeAnswer } from '../../../envelope-answer.js';
import { upstreamTooLarge } from '../../../proxy.errors.js';
import { rawHeader, withoutHeader } from '../../../raw-headers.js';
import { readUsage } from '../../../usage-tail.js';
import type { Visit } from '../../../visit.js';
import { McpHttp, type HttpAnswer } from '../../mcp/mcp-http.js';
import { completionSource, withDialect, type CompletionHead } from './completion.js';
import { CompletionStream } from './completion-stream.js';
import type { Attempt } from './inference-runner.js';
import type { Plan } from './plan.js';
import { generatedText, inferRows } from './text-rows.js';

/** What an envelope holds at most. */
const MOST_BYTES = 67_108_864;

/** An answer and what it takes to make a completion of it. */
export interface Delivery {
  visit: Visit;
  attempt: Attempt;
  plan: Plan;
  answer: HttpAnswer;
  completion: CompletionHead;
}

/** Gives an upstream's answer to the caller, in the shape of an OpenAI completion; an error stays what it is. */
@Injectable()
export class AnswerDelivery {
  constructor(
    private readonly config: AppConfig,
    private readonly http: McpHttp,
  ) {}

  /** In the envelope. Rejects with DomainError while the caller has seen nothing. */
  async inOnePiece(delivery: Delivery): Promise<void> {
    const { visit, attempt, answer } = delivery;
    const text = await this.read(delivery);
    const body = Buffer.from(isOk(answer) && isPlain(answer) ? reshaped(delivery, text) : text);
    if (body.length > MOST_BYTES) throw upstreamTooLarge(MOST_BYTES);
    const envelope = new EnvelopeAnswer(visit);
    envelope.head(answer.status, '', withoutHeader(answer.rawHeaders, 'content-length'), attempt.served);
    envelope.data(body);
    envelope.end();
  }

  /** As events. An error before the start is relayed; after it the connection is to be destroyed. */
  async asStream(delivery: Delivery): Promise<void> {
    const { visit, attempt, answer, plan, completion } = delivery;
    const isStream = answer.contentType === 'text/event-stream';
    if (!isOk(answer) || (plan.dialect === 'openai' && !isStream)) return this.relay(delivery);
    const { idleTimeoutMs } = this.config.proxy;
    const stream = new CompletionStream(visit, attempt, completion, idleTimeoutMs);
    if (!isStream) return stream.sendRows(rowsOf(plan, await this.read(delivery)));
    return plan.dialect === 'openai' ? stream.relayEvents(answer.body) : stream.reframe(answer.body);
  }

  private async relay(delivery: Delivery): Promise<void> {
    const { visit, attempt, answer } = delivery;
    const body = Buffer.from(await this.read(delivery));
    visit.answer(answer.status, { 'content-type': answer.contentType || 'text/plain' }, body, attempt.served);
  }

  private async read({ answer, attempt }: Delivery): Promise<string> {
    const text = await this.http.read(answer);
    attempt.tally.usage = readUsage(Buffer.from(text));
    return text;
  }
}

const isOk = ({ status }: HttpAnswer): boolean => status >= 200 && status < 300;

/** Compressed though we asked for plain text: it passes unread. */
function isPlain({ rawHeaders }: HttpAnswer): boolean {
  const encoding = rawHeader(rawHeaders, 'content-encoding');
  return encoding === undefined || encoding === 'identity';
}

function reshaped({ plan, completion }: Delivery, text: string): string {
  if (plan.dialect === 'openai') return withDialect(text, plan.dialect) ?? text;
  return completionSource(completion, rowsOf(plan, text), text);
}

function rowsOf({ dialect }: Plan, text: string): string[] {
  return dialect === 'oip-generate' ? [generatedText(text)] : inferRows(text);
}
