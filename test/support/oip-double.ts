import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a server of the Open Inference Protocol has been asked, byte for byte. */
export interface OipQuestion {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  rawHeaders: string[];
  body: Buffer;
}

export type OipReply = (response: ServerResponse, question: OipQuestion) => void;

interface Tensor {
  name: string;
  datatype: string;
  shape: number[];
}

export interface OipModel {
  inputs?: Tensor[];
  outputs?: Tensor[];
  /** Answers `/generate` and `/generate_stream`; else they are 404 as on servers without the extension. */
  generates?: boolean;
}

export interface OipDoubleOptions {
  models?: Record<string, OipModel>;
  /** Has POST /v2/repository/index. */
  hasIndex?: boolean;
  /** Is an OpenAI-compatible server as well, at that path. */
  openAiBase?: string;
}

/** A server in the manner of Triton: one function over a table of regular expressions, no framework, no validation. */
export interface OipDouble {
  origin: string;
  questions: OipQuestion[];
  models: Record<string, OipModel>;
  /** Answers `POST /v2/models/m/infer` and the like before anything else does. */
  answers: Map<string, OipReply>;
  /** Questions whose path ends so. */
  asked(end: string): OipQuestion[];
  /** Resolves when a client breaks an answer off. */
  nextAbort(): Promise<void>;
  close(): Promise<void>;
}

export const TEXT: Tensor = { name: 'text_input', datatype: 'BYTES', shape: [-1, 1] };
export const PROMPT: Tensor = { name: 'prompt', datatype: 'BYTES', shape: [-1] };
export const MAX_TOKENS: Tensor = { name: 'max_tokens', datatype: 'INT32', shape: [-1, 1] };
export const NUMBERS: Tensor = { name: 'input0', datatype: 'FP32', shape: [-1, 4] };

export async function startOipDouble(options: OipDoubleOptions = {}): Promise<OipDouble> {
  const { models = {}, hasIndex = false, openAiBase } = options;
  const questions: OipQuestion[] = [];
  const answers = new Map<string, OipReply>();
  const aborted: (() => void)[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    response.on('close', () => {
      if (!response.writableFinished) aborted.splice(0).forEach((wake) => wake());
    });
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers, rawHeaders } = request;
      const question = { method, url, headers, rawHeaders, body: Buffer.concat(chunks) };
      questions.push(question);
      const given = answers.get(`${method} ${url}`);
      if (given) given(response, question);
      else serve(response, question);
    });
  });

  function serve(response: ServerResponse, { method, url, body }: OipQuestion): void {
    const line = `${method} ${url}`;
    const model = /^\/v2\/models\/([^/]+)(?:\/versions\/[^/]+)?(\/\w+)?$/.exec(url);
    if (line.startsWith('GET /v2/health/')) return void response.end();
    if (line === 'GET /v2') return json(response, 200, { name: 'triton', version: '2.50', extensions: [] });
    if (line === 'POST /v2/repository/index' && hasIndex) return json(response, 200, index());
    if (openAiBase !== undefined && url.startsWith(openAiBase)) return openAi(response, line, body);
    const found = model && models[decodeURIComponent(model[1])];
    if (!found) return json(response, 404, { error: `Request for unknown model: '${model?.[1] ?? url}'` });
    onModel(response, found, decodeURIComponent(model[1]), `${method} ${model[2] ?? ''}`, body);
  }

  const index = (): object[] =>
    Object.keys(models).map((name) => ({ name, version: '1', state: 'READY', reason: '' }));

  function openAi(response: ServerResponse, line: string, body: Buffer): void {
    if (line.endsWith('/models')) return json(response, 200, { object: 'list', data: [] });
    const isChat = line.endsWith('/chat/completions');
    const asked = JSON.parse(body.toString()) as { model?: string; stream?: boolean };
    const choice = isChat ? { message: { role: 'assistant', content: 'hey' } } : { text: 'hey' };
    const object = isChat ? 'chat.completion' : 'text_completion';
    const usage = { prompt_tokens: 2, completion_tokens: 1, total_tokens: 3 };
    const answer = { id: 'c1', object, model: asked.model, choices: [{ index: 0, ...choice }], usage };
    if (!asked.stream) return json(response, 200, answer);
    response.setHeader('content-type', 'text/event-stream');
    response.end(`data: ${JSON.stringify({ ...answer, usage: null })}\n\n`);
  }

  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
  return {
    origin: `http://127.0.0.1:${port}`,
    questions,
    models,
    answers,
    asked: (end) => questions.filter(({ url }) => url.endsWith(end)),
    nextAbort: () => new Promise((resolve) => aborted.push(resolve)),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function onModel(response: ServerResponse, model: OipModel, name: string, verb: string, body: Buffer): void {
  const { inputs, outputs, generates = false } = model;
  if (verb === 'GET ')
    return json(response, 200, { name, versions: ['1'], platform: 'double', inputs, outputs });
  if (verb === 'GET /ready') return json(response, 200, { name, ready: true });
  if (verb === 'POST /infer') return infer(response, name, body);
  if (!generates || !verb.startsWith('POST /generate')) {
    return json(response, 404, { error: 'not found' });
  }
  const { text_input: text } = JSON.parse(body.toString()) as { text_input: string };
  const words = `${text} said the double`.split(' ').map((word, at) => (at === 0 ? word : ` ${word}`));
  const head = { model_name: name, model_version: '1' };
  if (verb === 'POST /generate') return json(response, 200, { ...head, text_output: words.join('') });
  response.setHeader('content-type', 'text/event-stream');
  response.end(words.map((word) => `data: ${JSON.stringify({ ...head, text_output: word })}\n\n`).join(''));
}

interface InferInput extends Tensor {
  data: unknown[];
}

/** Texts come back in capitals, one row for each; numbers are counted. */
function infer(response: ServerResponse, name: string, body: Buffer): void {
  const { id, inputs } = JSON.parse(body.toString()) as { id?: string; inputs: InferInput[] };
  const texts = inputs.find(({ datatype }) => datatype === 'BYTES');
  const data = texts?.data.flat(9).map((text) => String(text).toUpperCase());
  const output = data
    ? { name: 'text_output', datatype: 'BYTES', shape: texts?.shape, data }
    : { name: 'output0', datatype: 'INT64', shape: [1], data: [inputs[0].data.flat(9).length] };
  json(response, 200, { model_name: name, model_version: '1', id, outputs: [output] });
}

export function json(response: ServerResponse, status: number, body: object): void {
  raw(response, status, JSON.stringify(body));
}

/** JSON text as it is. */
export function raw(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
