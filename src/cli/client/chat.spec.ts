import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { json, startApiDouble, type ApiDouble, type Responder } from '../../../test/support/api-double.js';
import { runClient, type ClientRun, type ClientSurroundings } from '../../../test/support/run-client.js';

const POOL = '/api/v1/gpu/pools/llama';
const COMPLETIONS = `POST ${POOL}/proxy/v1/chat/completions`;

const chunk = (content: string): string =>
  `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;

function events(...pieces: string[]): Responder {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    response.end(pieces.join(''));
  };
}

describe('chat', () => {
  let double: ApiDouble;
  beforeEach(async () => {
    double = await startApiDouble();
    double.answer(
      `GET ${POOL}`,
      json({ name: 'llama', protocol: 'openai', models: ['llama-3'], members: [] }),
    );
    double.answer(COMPLETIONS, events(chunk('Hel'), chunk('lo'), 'data: [DONE]\n\n'));
  });
  afterEach(() => double.close());

  const runIn = (surroundings: ClientSurroundings, ...argv: string[]): Promise<ClientRun> =>
    runClient(['-api', double.url, '-key', 'k', 'chat', ...argv], surroundings);
  const run = (...argv: string[]): Promise<ClientRun> => runIn({}, ...argv);
  const question = (): Record<string, unknown> =>
    JSON.parse(double.received.find(({ method }) => method === 'POST')?.body ?? '') as Record<
      string,
      unknown
    >;

  it('asks the pool its first model and prints the answer with a line end', async () => {
    expect((await run('llama', 'Say', 'hello')).stdout).toBe('Hello\n');
    expect(question()).toEqual({
      model: 'llama-3',
      messages: [{ role: 'user', content: 'Say hello' }],
      stream: true,
    });
  });

  it('prints each word when it arrives, not at the end', async () => {
    let stream: ServerResponse | undefined;
    double.answer(COMPLETIONS, (_, response) => {
      stream = response;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunk('first'));
    });
    const printed: string[] = [];
    const onOutput = (piece: string): void => {
      printed.push(piece);
      if (piece === 'first') stream?.end(chunk(' second'));
    };
    await runIn({ onOutput }, 'llama', 'hi');
    expect(printed).toEqual(['first', ' second', '\n']);
  });

  it('sends model, system text and limits when given', async () => {
    await run(
      'llama',
      'hi',
      '-model',
      'other',
      '-system',
      'be brief',
      '-max-tokens',
      '9',
      '-temperature',
      '0',
      '-timelimit',
      '1m',
    );
    expect(question()).toMatchObject({
      model: 'other',
      messages: [
        { role: 'system', content: 'be brief' },
        { role: 'user', content: 'hi' },
      ],
      max_tokens: 9,
      temperature: 0,
    });
    expect(double.received.at(-1)?.headers['x-timelimit']).toBe('1m');
  });

  it('asks the pool which models it serves when it names none', async () => {
    double.answer(`GET ${POOL}`, json({ name: 'llama', models: [] }));
    double.answer(`GET ${POOL}/proxy/v1/models`, json({ data: [{ id: 'served-model' }] }));
    await run('llama', 'hi');
    expect(question().model).toBe('served-model');
    double.answer(`GET ${POOL}/proxy/v1/models`, json({ data: [] }));
    const none = await run('llama', 'hi');
    expect(none.status).toBe(2);
    expect(none.stderr).toContain('give one with -model NAME');
  });

  it.each(['qwen-7b', 'meta-llama/Llama-3'])('takes %s, which is no pool, for a model', async (model) => {
    double.answer('POST /v1/chat/completions', events(chunk('ok')));
    expect((await run(model, 'hi')).stdout).toBe('ok\n');
    expect(question().model).toBe(model);
  });

  it('reads the prompt from standard input', async () => {
    await runIn({ stdin: 'a long text' }, 'llama', '@-');
    expect(question().messages).toEqual([{ role: 'user', content: 'a long text' }]);
  });

  it('-json prints one chunk a line, as it came', async () => {
    const raw = '{"choices":[{"delta":{"content":"a"}}],"big":9007199254740993}';
    double.answer(COMPLETIONS, events(`data: ${raw}\n\n`, chunk('b'), 'data: [DONE]\n\n'));
    expect((await run('llama', 'hi', '-json')).stdout).toBe(`${raw}\n${chunk('b').slice(6).trim()}\n`);
  });

  it('prints the answer of a server that does not stream', async () => {
    double.answer(COMPLETIONS, json({ choices: [{ message: { role: 'assistant', content: 'whole' } }] }));
    expect((await run('llama', 'hi')).stdout).toBe('whole\n');
  });

  it('does not let a model drive the terminal', async () => {
    double.answer(COMPLETIONS, events(chunk('a\u001B]0;title\u0007\tb\nc')));
    expect((await run('llama', 'hi')).stdout).toBe('a]0;title\tb\nc\n');
  });

  it('ends as refused when the stream holds an error', async () => {
    const error = { error: { message: 'the instance died', code: 'upstream_unreachable' } };
    double.answer(COMPLETIONS, events(chunk('par'), `data: ${JSON.stringify(error)}\n\n`));
    const { status, stdout, stderr } = await run('llama', 'hi');
    expect(status).toBe(1);
    expect(stdout).toBe('par');
    expect(stderr).toBe('error (upstream_unreachable): the instance died\n');
  });

  it('ends as unreachable when the stream is cut', async () => {
    double.answer(COMPLETIONS, (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunk('par'), () => response.socket?.destroy());
    });
    const { status, stdout, stderr } = await run('llama', 'hi');
    expect(status).toBe(3);
    expect(stdout).toBe('par');
    expect(stderr).toContain('error (connection_lost)');
  });

  it('ends with 130 and closes the connection on Ctrl-C', async () => {
    const interrupt = new AbortController();
    const closed = new Promise<void>((resolve) => {
      double.answer(COMPLETIONS, (_, response) => {
        response.once('close', resolve);
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(chunk('endless'));
      });
    });
    const onOutput = (): void => interrupt.abort();
    const { status, stderr } = await runIn({ signal: interrupt.signal, onOutput }, 'llama', 'hi');
    expect(status).toBe(130);
    expect(stderr).toBe('');
    await closed;
  });
});
