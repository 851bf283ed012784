import type { Exchange } from './exchange.js';
import { signatureOf } from './machine-identity.js';
import type { MachineStats } from './machine-stats.js';
import { readInferRequest, type InferInput } from './tensors.js';
import { complete, countTokens } from './text.js';

const TENSORS = {
  inputs: [{ name: 'text_input', datatype: 'BYTES', shape: [1] }],
  outputs: [{ name: 'text_output', datatype: 'BYTES', shape: [1] }],
};

export function serverMetadata(exchange: Exchange): void {
  exchange.sendJson(200, { name: 'sandbox', version: '1.0', extensions: ['binary_tensor_data', 'generate'] });
}

export function repositoryIndex(exchange: Exchange): void {
  exchange.sendJson(200, [{ name: exchange.identity.model, version: '1', state: 'READY', reason: '' }]);
}

export function modelMetadata(exchange: Exchange): void {
  exchange.sendJson(200, { name: exchange.identity.model, versions: ['1'], platform: 'sandbox', ...TENSORS });
}

export function modelReady(exchange: Exchange): void {
  exchange.sendJson(200, { name: exchange.identity.model, ready: true });
}

/** Text tensors are answered, one row each; any other tensor comes back as it was sent. */
export function infer(exchange: Exchange, stats: MachineStats): void {
  const request = readInferRequest(exchange);
  if (typeof request === 'string') {
    exchange.sendJson(400, { error: request });
    return;
  }
  const outputs = request.inputs
    .filter(({ name }) => name !== 'max_tokens')
    .map((input) => (input.datatype === 'BYTES' ? answerText(exchange, stats, input) : echoTensor(input)));
  exchange.sendJson(200, {
    model_name: exchange.identity.model,
    model_version: '1',
    id: request.id,
    outputs,
  });
}

export function generate(exchange: Exchange, stats: MachineStats): void {
  const tokens = generated(exchange, stats);
  if (!tokens) return;
  exchange.sendJson(200, { ...generateHead(exchange), text_output: tokens.join('') });
}

export async function generateStream(exchange: Exchange, stats: MachineStats): Promise<void> {
  const tokens = generated(exchange, stats);
  if (!tokens) return;
  const head = generateHead(exchange);
  await exchange.stream(tokens.map((token) => ({ ...head, text_output: token })));
}

const generateHead = (exchange: Exchange): object => ({
  model_name: exchange.identity.model,
  model_version: '1',
});

/** The tokens of a generate request, or undefined after an error has been answered. */
function generated(exchange: Exchange, stats: MachineStats): string[] | undefined {
  const request = exchange.json();
  const { text_input: prompt, parameters, max_tokens: maxTokens } = request ?? {};
  if (typeof prompt !== 'string') {
    exchange.sendJson(400, { error: 'text_input is missing' });
    return undefined;
  }
  const limit =
    (parameters as { max_tokens?: number } | undefined)?.max_tokens ?? (maxTokens as number | undefined);
  return answerTo(exchange, stats, prompt, limit);
}

function answerText(exchange: Exchange, stats: MachineStats, input: InferInput): object {
  const answers = input.data.map((prompt) => answerTo(exchange, stats, String(prompt)).join(''));
  return { name: 'text_output', datatype: 'BYTES', shape: [answers.length], data: answers };
}

function answerTo(exchange: Exchange, stats: MachineStats, prompt: string, limit?: number): string[] {
  const { tokens } = complete(prompt, signatureOf(exchange.identity), limit);
  stats.countTokens(countTokens(prompt), tokens.length);
  return tokens;
}

function echoTensor({ name, datatype, shape, data }: InferInput): object {
  return { name: name.replace(/^input/, 'output'), datatype, shape, data };
}
