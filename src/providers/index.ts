import { IoNetAdapter } from './io-net/io-net.adapter.js';
import { StaticAdapter } from './static/static.adapter.js';
import { VastAiAdapter } from './vast-ai/vast-ai.adapter.js';

/** The GPU farms. A new one is a folder and a line here. */
export const GPU_PROVIDER_ADAPTERS = [VastAiAdapter, IoNetAdapter, StaticAdapter] as const;
