// The daemon as it is built, with an ear for orders to let something happen inside.
import { EventBus } from '../../../dist/src/common/event-bus.js';
import { loadConfig } from '../../../dist/src/config/load-config.js';
import { startDaemon } from '../../../dist/src/daemon.js';
import { StreamHub } from '../../../dist/src/streaming/stream-hub.js';
import { repeat } from './pacing.mjs';

const { app, url } = await startDaemon(loadConfig(process.env, { isDeveloper: false }));
const hub = app.get(StreamHub);
const bus = app.get(EventBus);

/** Three offers, which is what changes in a market within ten seconds. */
function marketChange() {
  const appeared = ['a', 'b', 'c'].map((name) => ({
    id: `vast-1234567${name}`,
    provider: 'vast.ai',
    gpu_name: 'RTX 4090',
    gpu_count: 1,
    vram_gb: 24,
    price_per_hour: 0.35,
    location: 'DE',
    available: true,
  }));
  return { name: 'market.updated', appeared, vanished: ['vast-7654321'], as_of: new Date().toISOString() };
}

const HAPPEN = {
  market: () => hub.gauge('market', marketChange()),
  credits: (userId, done) =>
    bus.emit({ name: 'credits.low', userId, at: Date.now(), data: { runwaySeconds: 100 + done } }),
};

process.on('message', async (order) => {
  if (order.kind === 'collect') globalThis.gc();
  else {
    const [userId] = hub.usersFollowing('credits');
    await repeat(order, (done) => HAPPEN[order.kind](userId, done));
  }
  process.send({});
});
process.send({ port: Number(new URL(url).port), url });
