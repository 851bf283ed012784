import { defineCommand } from '../command.js';
import { envelopeText, readTarget } from '../envelope.js';
import { pairs, readInput } from '../input.js';
import { relay, showEnvelope } from '../relay.js';
import { proxiedHeadTimeoutMs, TIME_LIMIT_FLAG, timeLimitHeader } from '../time-limit.js';
import type { ProxyEnvelope } from '../wire.js';

const PATH = '/api/v1/gpu/proxy';

export const proxy = defineCommand({
  name: 'proxy',
  summary: 'send one request through the proxy',
  arguments: [
    { name: 'PROTOCOL', choices: ['http', 'https', 'mcp', 'openinference'] },
    { name: 'URL', isOptional: true },
  ],
  needs: 'key',
  flags: {
    d: { kind: 'text', value: 'BODY', help: 'body: JSON or text, @file, or @- for standard input' },
    X: { kind: 'text', value: 'METHOD', help: 'method (default: POST with a body, else GET)' },
    H: { kind: 'list', value: '"Name: value"', help: 'header for the upstream' },
    pool: { kind: 'text', value: 'NAME', help: 'send it to this pool; URL is then a path' },
    instance: { kind: 'text', value: 'ID', help: 'send it to this instance; URL is then a path' },
    stream: { kind: 'switch', help: 'print the answer while it arrives' },
    ...TIME_LIMIT_FLAG,
  },
  notes: ['With -stream and -json, server-sent events are printed as one JSON value a line.'],
  async run({ api, args: [protocol, address], flags, output, io }) {
    const body = flags.d === undefined ? undefined : await readInput(flags.d, io);
    const envelope = {
      protocol,
      ...readTarget(address, flags.pool, flags.instance),
      method: flags.X,
      headers: pairs('H', flags.H, ':'),
      stream: flags.stream || undefined,
    };
    const options = {
      bodyText: envelopeText(envelope, body),
      headers: timeLimitHeader(flags.timelimit),
      headTimeoutMs: proxiedHeadTimeoutMs(flags.timelimit),
    };
    if (flags.stream) return relay(output, await api.stream('POST', PATH, options));
    const answer = await api.request<ProxyEnvelope>('POST', PATH, options);
    await output.answer(answer, (upstream) => showEnvelope(output, io.stderr, upstream));
  },
});
