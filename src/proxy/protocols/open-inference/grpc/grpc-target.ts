import { Readable } from 'node:stream';
import { status as Code } from '@grpc/grpc-js';
import type { HttpAnswer } from '../../mcp/mcp-http.js';
import type { InferTarget, Told } from '../envelope/infer-target.js';
import type { Plan } from '../envelope/plan.js';
import type { ModelMetadata } from '../models/model-answers.js';
import type { GrpcCall, GrpcCaller } from './grpc-caller.js';
import { messageTooLarge } from './grpc.errors.js';
import { MOST_MESSAGE_BYTES } from './grpc-limits.js';
import { MODEL_INFER, MODEL_METADATA } from './grpc-service.js';
import { httpStatusOf } from './grpc-status.js';
import { inferRequestMessage } from './infer-request-message.js';
import { inferResponseSource } from './infer-response-source.js';

type Common = Omit<GrpcCall<unknown, unknown>, 'method' | 'request'> & {
  model: string;
  tally: { bytesIn: number; bytesOut: number };
};

/** A target that speaks gRPC: JSON of the REST protocol goes in and comes out. */
export class GrpcTarget implements InferTarget {
  constructor(
    private readonly caller: GrpcCaller,
    private readonly common: Common,
  ) {}

  get key(): string {
    return `grpc ${this.common.place.tenant} ${this.common.place.origin}`;
  }

  async metadata(_path: string, model: string): Promise<Told<ModelMetadata>> {
    const call = { ...this.common, method: MODEL_METADATA, request: { name: model } };
    const answer = await this.caller.call(call);
    const words = `ModelMetadata of ${model}: ${Code[answer.code]}`;
    if (answer.code !== Code.OK) return { value: undefined, words };
    const { name, inputs } = answer.message;
    const tensors = inputs.map((tensor) => ({ ...tensor, shape: tensor.shape.map(Number) }));
    return { value: { name, inputs: tensors }, words: `${words} without a text input` };
  }

  /** OpenAI's routes are HTTP's. */
  hasOpenAi(): Promise<Told<true>> {
    return Promise.resolve({ value: undefined, words: 'gRPC has no /models' });
  }

  async send({ body }: Plan): Promise<HttpAnswer> {
    const { model, tally } = this.common;
    if (Buffer.byteLength(body) > MOST_MESSAGE_BYTES) throw messageTooLarge(MOST_MESSAGE_BYTES);
    const request = inferRequestMessage(model, body);
    tally.bytesIn += Buffer.byteLength(body);
    const answer = await this.caller.call({ ...this.common, method: MODEL_INFER, request });
    const source =
      answer.code === Code.OK
        ? await inferResponseSource(answer.message)
        : JSON.stringify({ error: answer.details });
    tally.bytesOut += Buffer.byteLength(source);
    return asHttp(answer.code, source);
  }
}

function asHttp(code: Code, source: string): HttpAnswer {
  return {
    status: code === Code.OK ? 200 : httpStatusOf(code),
    rawHeaders: ['content-type', 'application/json', 'grpc-status', String(code)],
    contentType: 'application/json',
    body: Readable.from([Buffer.from(source)]),
  };
}
