import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { startDaemonProcess, type DaemonProcess } from './built-programs.js';
import type { OpenAiUpstream } from './openai-upstream.js';
import { untilServing } from './rental-views.js';
import { signUp, type ApiCaller } from './running-daemon.js';

export interface MachineDaemon {
  daemon: DaemonProcess;
  /** Holds the machine; its pool is `default`. */
  caller: ApiCaller;
}

const machineAt = (url: string): string =>
  JSON.stringify([{ name: 'own', url, gpu_model: 'L4', vram_gb: 24 }]);

/** The settings of a daemon whose only farm is the upstream that a test answers for. */
export function machineSettings(upstream: OpenAiUpstream): Record<string, string> {
  return {
    STATIC_MACHINES: machineAt(upstream.origin),
    RATE_LIMIT_PER_MINUTE: '0',
    GPU_POLL_INTERVAL: '200ms',
    LB_HEALTH_INTERVAL: '300ms',
  };
}

/** The built daemon in a process of its own, with one machine that is rented and serves. */
export async function startMachineDaemon(
  folder: string,
  upstream: OpenAiUpstream,
  settings: Record<string, string> = {},
  through: readonly string[] = [],
): Promise<MachineDaemon> {
  const env = { ...machineSettings(upstream), ...settings };
  const daemon = await startDaemonProcess(folder, ['-dv'], env, through);
  const caller = await signUp(daemon.url);
  await rentMachine(caller);
  return { daemon, caller };
}

export async function rentMachine(caller: ApiCaller): Promise<void> {
  const { status, body } = await caller.post('/api/v1/gpu/instances/static/static-own', {});
  if (status !== 201) throw new Error(`the machine was not rented: ${status} ${JSON.stringify(body)}`);
  await untilServing(caller, 1);
}

const CHAT = '/api/v1/gpu/pools/default/proxy/v1/chat/completions';

/** A stream of the machine's, on a connection of its own, as its caller sees it. */
export class ClientStream {
  text = '';
  /** Whether the answer ended as it should. */
  readonly ended: Promise<'complete' | 'cut'>;

  private constructor(readonly answer: IncomingMessage) {
    answer.setEncoding('utf8').on('data', (chunk: string) => (this.text += chunk));
    answer.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      answer.on('close', () => resolve(answer.complete ? 'complete' : 'cut'));
    });
  }

  /** Resolves with the head of the answer. */
  static async open({ url, key }: ApiCaller): Promise<ClientStream> {
    const body = JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Hi' }] });
    const headers = { 'x-api-key': key, 'content-type': 'application/json' };
    const asking = request(`${url}${CHAT}`, { method: 'POST', headers, agent: false });
    asking.on('error', () => undefined).end(body);
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    return new ClientStream(answer);
  }

  get status(): number {
    return this.answer.statusCode ?? 0;
  }
}
