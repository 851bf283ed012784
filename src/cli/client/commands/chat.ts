import { readInput } from '../input.js';
import { chatPath, type ChatTarget } from '../chat-target.js';
import { defineCommand } from '../command.js';
import { printChat } from '../chat-output.js';
import { proxiedHeadTimeoutMs, TIME_LIMIT_FLAG, timeLimitHeader } from '../time-limit.js';

export const chat = defineCommand({
  name: 'chat',
  summary: 'ask a model, and read its answer while it is written',
  arguments: [{ name: 'POOL-OR-MODEL' }, { name: 'PROMPT', isRest: true }],
  needs: 'key',
  flags: {
    model: { kind: 'text', value: 'NAME', help: "model of the pool (default: the pool's first)" },
    system: { kind: 'text', value: 'TEXT', help: 'instruction before the prompt' },
    'max-tokens': { kind: 'number', value: 'N', help: 'longest answer' },
    temperature: { kind: 'number', value: 'N', help: 'sampling temperature' },
    ...TIME_LIMIT_FLAG,
  },
  notes: [
    'A word that is no pool of mine is taken as the name of a model, wherever it is served.',
    'PROMPT may be @file, or @- for standard input. With -json each piece is one line of JSON.',
  ],
  async run({ api, args: [name, prompt], flags, output, io }) {
    const target: ChatTarget = await chatPath(api, name, flags.model);
    const system = flags.system === undefined ? [] : [{ role: 'system', content: flags.system }];
    const answer = await api.stream('POST', target.path, {
      body: {
        model: target.model,
        messages: [...system, { role: 'user', content: await readInput(prompt, io) }],
        stream: true,
        max_tokens: flags['max-tokens'],
        temperature: flags.temperature,
      },
      headers: timeLimitHeader(flags.timelimit),
      headTimeoutMs: proxiedHeadTimeoutMs(flags.timelimit),
    });
    await printChat(output, answer);
  },
});
