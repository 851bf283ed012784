import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeEach, describe, expect, it } from 'vitest';
import { settled, streamLab, type FakeConnection, type StreamLab } from '../../test/support/stream-parts.js';
import type { StreamSession } from './stream-session.js';

const MEBIBYTE = 1024 * 1024;

describe('a session', () => {
  let lab: StreamLab;
  let connection: FakeConnection;
  let session: StreamSession;

  beforeEach(() => {
    lab = streamLab();
    ({ connection, session } = lab.connect());
  });

  const said = (type: string): object[] => connection.frames.filter((frame) => frame.type === type);

  it('ends what is still beginning', async () => {
    session.receive({ type: 'subscribe' });
    session.receive({ type: 'unsubscribe' });
    await settled();
    lab.hub.gauge('market', {});
    lab.hub.gauge('load', {}, 'user');
    expect(connection.types()).toEqual(['authenticated', 'subscribed', 'unsubscribed']);
    expect(lab.hub.usersFollowing('rentals')).toEqual([]);
    expect(lab.hub.isMarketWatched).toBe(false);
  });

  it('begins a channel anew that is subscribed again, without telling anything twice', async () => {
    session.receive({ type: 'subscribe', channels: ['rentals'] });
    await settled();
    session.receive({ type: 'subscribe', channels: ['rentals'] });
    await settled();
    lab.hub.feedOf('user', 'rentals').receive(lab.log.add());
    expect(said('event')).toHaveLength(1);
    expect(said('snapshot')).toHaveLength(2);
  });

  it('tells a gap and the present state when the log no longer reaches back', async () => {
    for (let count = 0; count < 5; count += 1) lab.log.add();
    lab.log.prune(5);
    session.receive({ type: 'subscribe', channels: ['rentals'], since: { rentals: 2 } });
    await settled();
    expect(connection.frames.slice(2)).toMatchObject([
      { type: 'gap', channel: 'rentals', from: 3, to: 5 },
      { type: 'snapshot', channel: 'rentals', seq: 5 },
    ]);
    lab.hub.feedOf('user', 'rentals').receive(lab.log.add());
    expect(connection.types().at(-1)).toBe('event 6');
  });

  it('replays what the log still has, without a snapshot', async () => {
    for (let count = 0; count < 8; count += 1) lab.log.add();
    lab.log.prune(2);
    session.receive({ type: 'subscribe', channels: ['rentals'], since: { rentals: 2 } });
    await settled();
    expect(connection.types().slice(2)).toEqual([3, 4, 5, 6, 7, 8].map((seq) => `event ${seq}`));
  });

  it('gives a slow reader the state of a gauge when it has caught up, and says that it missed some', async () => {
    session.receive({ type: 'subscribe', channels: ['market'] });
    await settled();
    connection.bufferedBytes = 2 * MEBIBYTE;
    for (let count = 0; count < 3; count += 1) lab.hub.gauge('market', {});
    expect(said('event')).toEqual([]);
    connection.drain();
    await settled();
    expect(
      connection
        .types()
        .slice(2)
        .map((type) => type.split(' ')[0]),
    ).toEqual(['snapshot', 'gap', 'snapshot']);
    lab.hub.gauge('market', {});
    expect(said('event')).toHaveLength(1);
  });

  it('lets go of a reader that is stuck for half a minute, also when nothing happens', async () => {
    connection.bufferedBytes = 2 * MEBIBYTE;
    const look = (): Promise<void> => session.recheck(() => Promise.reject(new Error('not asked')));
    await look();
    lab.clock.advance(29_000);
    await look();
    expect(connection.closed).toBeUndefined();
    lab.clock.advance(2000);
    await look();
    expect(connection.closed?.code).toBe(1013);
  });

  it('lets go at once of a reader for whom too much waits', () => {
    connection.bufferedBytes = 17 * MEBIBYTE;
    session.receive({ type: 'ping' });
    expect(connection.closed?.code).toBe(1013);
    expect(said('pong')).toEqual([]);
  });

  it('keeps subscriptions when the same user comes with a fresh token', async () => {
    session.receive({ type: 'subscribe', channels: ['rentals'] });
    await settled();
    session.receive({ type: 'auth', token: 'fresh' });
    await settled();
    lab.hub.feedOf('user', 'rentals').receive(lab.log.add());
    expect(said('event')).toHaveLength(1);
  });

  it('answers a flood with 4429', () => {
    for (let count = 0; count < 201; count += 1) session.receive({ type: 'ping' });
    expect(said('pong')).toHaveLength(200);
    expect(connection.closed?.code).toBe(4429);
  });

  it('holds nothing after 100,000 subscriptions that came and went', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const churn = async (times: number): Promise<number> => {
      for (let count = 0; count < times; count += 1) {
        lab.clock.advance(100);
        session.receive({ type: 'subscribe' });
        if (count % 2 === 0) await Promise.resolve();
        session.receive({ type: 'unsubscribe' });
        connection.frames.length = 0;
        if (count % 1000 === 0) await settled();
      }
      await settled();
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = await churn(10_000);
    const after = await churn(90_000);
    expect(after - before).toBeLessThan(2 * MEBIBYTE);
    expect(lab.hub.usersFollowing('rentals')).toEqual([]);
    expect(lab.hub.usersWatchingLoad()).toEqual([]);
  });
});
