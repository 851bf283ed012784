/** What one can subscribe to. */
export const CHANNELS = ['rentals', 'reservations', 'load', 'credits', 'payments', 'market'] as const;
export type Channel = (typeof CHANNELS)[number];

/** Channels whose events are kept for a while: what was missed can be had again by its number. */
const KEPT = ['rentals', 'reservations', 'credits', 'payments'] as const satisfies readonly Channel[];
export type KeptChannel = (typeof KEPT)[number];

/** Gauges: only the latest state matters, so that a slow reader may miss some. */
export type GaugeChannel = Exclude<Channel, KeptChannel>;

export function isChannel(name: unknown): name is Channel {
  return (CHANNELS as readonly unknown[]).includes(name);
}

export function isKept(channel: Channel): channel is KeptChannel {
  return (KEPT as readonly Channel[]).includes(channel);
}
