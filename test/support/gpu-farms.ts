import { SystemClock } from '../../src/common/clock.js';
import type { AppConfig } from '../../src/config/config.js';
import type { StaticMachine } from '../../src/config/static-machine.js';
import type { GpuProvider, ProviderOffer } from '../../src/providers/gpu-provider.js';
import { IoNetAdapter } from '../../src/providers/io-net/io-net.adapter.js';
import { parseOfferId } from '../../src/providers/io-net/io-net.offer-id.js';
import { StaticAdapter } from '../../src/providers/static/static.adapter.js';
import { StaticContract } from '../../src/providers/static/static-contract.entity.js';
import { StaticContractRepository } from '../../src/providers/static/static-contract.repository.js';
import { VastAiAdapter } from '../../src/providers/vast-ai/vast-ai.adapter.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.js';
import { openTestDatabase, type DatabaseKind } from './databases.js';

/** A farm in a test: the adapter, and the hand behind the farm. */
export interface FarmUnderTest {
  provider: GpuProvider;
  /** Lets somebody else take what the offer stands for. */
  takeAway(offer: ProviderOffer): Promise<void>;
  close(): Promise<void>;
}

export interface RemoteFarmUnderTest extends FarmUnderTest {
  sandbox: Sandbox;
  /** Well formed, and not ours. */
  foreignContractId: string;
  /** The same farm with a key that it does not know. */
  withBadKey(): GpuProvider;
  /** The farm carries out the next rent and its answer is lost. */
  loseNextRent(how: 'cut_after' | 'html_504_after'): void;
  failNext(call: 'search' | 'list' | 'show' | 'destroy' | 'rent', how: RemoteFault, times?: number): void;
  emptyAccount(): void;
  /** Contracts that the farm bills. */
  activeContracts(): number;
}

export type RemoteFault = 'cut_before' | 'html_502' | 'server_error' | 'rate_limited' | 'never_answers';

export interface FarmOptions {
  timeScale?: number;
  rateScale?: number;
  apiTimeoutMs?: number;
}

const clock = new SystemClock();

function farmConfig(providers: Partial<AppConfig['providers']>): AppConfig {
  const defaults: AppConfig['providers'] = {
    vastAi: { apiUrl: 'http://127.0.0.1:9' },
    ioNet: { apiUrl: 'http://127.0.0.1:9/caas' },
    staticMachines: [],
    apiTimeoutMs: 2000,
    rateScale: 0,
    sandbox: { isEnabled: false, timeScale: 1 },
  };
  return { providers: { ...defaults, ...providers } } as AppConfig;
}

export async function openVastAi(options: FarmOptions = {}): Promise<RemoteFarmUnderTest> {
  const { timeScale = 2000, rateScale = 0, apiTimeoutMs = 2000 } = options;
  const sandbox = await startSandbox({ timeScale, rateScale });
  const { url, apiKey, control } = sandbox.vastAi;
  const adapter = (key: string): VastAiAdapter =>
    new VastAiAdapter(farmConfig({ vastAi: { apiUrl: url, apiKey: key }, rateScale, apiTimeoutMs }), clock);
  const provider = adapter(apiKey);
  const opened = [provider];
  return {
    provider,
    sandbox,
    foreignContractId: '31415926',
    withBadKey: () => {
      const stranger = adapter('wrong-key');
      opened.push(stranger);
      return stranger;
    },
    takeAway: async (offer) => control.withdrawOffer(Number(offer.offerId)),
    loseNextRent: (how) => control.inject('rent', how),
    failNext: (call, how, times = 1) => control.inject(call, how, { times }),
    emptyAccount: () => control.setCredit(0),
    activeContracts: () => control.books().active.length,
    close: async () => {
      await Promise.all(opened.map((one) => one.onModuleDestroy()));
      await sandbox.close();
    },
  };
}

export async function openIoNet(options: FarmOptions = {}): Promise<RemoteFarmUnderTest> {
  const { timeScale = 2000, rateScale = 0, apiTimeoutMs = 2000 } = options;
  const sandbox = await startSandbox({ timeScale, rateScale });
  const { url, apiKey, control } = sandbox.ioNet;
  const adapter = (key: string): IoNetAdapter =>
    new IoNetAdapter(farmConfig({ ioNet: { apiUrl: url, apiKey: key }, rateScale, apiTimeoutMs }), clock);
  const provider = adapter(apiKey);
  const opened = [provider];
  const calls = {
    search: 'replicas',
    list: 'list',
    show: 'show',
    destroy: 'destroy',
    rent: 'deploy',
  } as const;
  return {
    provider,
    sandbox,
    foreignContractId: 'b8c3f6a2-4d1e-4f7a-9a55-0c6de1a7f301',
    withBadKey: () => {
      const stranger = adapter('wrong-key');
      opened.push(stranger);
      return stranger;
    },
    takeAway: async ({ offerId }) => {
      const selection = parseOfferId(offerId);
      if (selection) control.setFreeGpus(selection.hardwareId, selection.locationId, 0);
    },
    loseNextRent: (how) => control.inject('deploy', how),
    failNext: (call, how, times = 1) => control.inject(calls[call], how, { times }),
    emptyAccount: () => control.setCredit(0),
    activeContracts: () => control.books().active.length,
    close: async () => {
      await Promise.all(opened.map((one) => one.onModuleDestroy()));
      await sandbox.close();
    },
  };
}

const MACHINES: StaticMachine[] = [
  {
    name: 'rack-1',
    url: 'http://10.1.0.1:8000',
    gpu_model: 'RTX 4090',
    gpu_count: 2,
    vram_gb: 24,
    price_per_hour: 0.5,
  },
  {
    name: 'rack-2',
    url: 'https://gpu.example.com',
    gpu_model: 'H100 SXM',
    gpu_count: 8,
    vram_gb: 80,
    price_per_hour: 12,
  },
  {
    name: 'rack-3',
    url: 'http://10.1.0.3:8000',
    gpu_model: 'L4',
    gpu_count: 1,
    vram_gb: 24,
    price_per_hour: 0.2,
  },
];

export async function openStatic(kind: DatabaseKind): Promise<FarmUnderTest> {
  const database = await openTestDatabase(kind, { entities: [StaticContract] });
  const contracts = new StaticContractRepository(database.unitOfWork);
  const provider = new StaticAdapter(farmConfig({ staticMachines: MACHINES }), clock, contracts);
  return {
    provider,
    takeAway: async ({ offerId }) => {
      const order = {
        offerId,
        label: 'somebody-else',
        image: 'x',
        diskGb: 8,
        env: {},
        ports: [],
        durationHours: 1,
      };
      await new StaticAdapter(farmConfig({ staticMachines: MACHINES }), clock, contracts).rent(order);
    },
    close: () => database.close(),
  };
}
