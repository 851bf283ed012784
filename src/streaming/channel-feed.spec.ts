import { beforeEach, describe, expect, it } from 'vitest';
import { quietLogs } from '../../test/support/running-daemon.js';
import { FakeLog, settled } from '../../test/support/stream-parts.js';
import { ChannelFeed, type Follower } from './channel-feed.js';

class Reader implements Follower {
  readonly heard: number[] = [];
  restarts = 0;

  constructor(public sent: number | undefined) {}

  take(seq: number): boolean {
    if (this.sent === undefined || seq <= this.sent) return true;
    if (seq !== this.sent + 1) return false;
    this.sent = seq;
    this.heard.push(seq);
    return true;
  }

  startAgain(): void {
    this.restarts += 1;
    this.sent = undefined;
  }
}

describe('a feed', () => {
  let log: FakeLog;
  let feed: ChannelFeed;

  const follow = (sent: number | undefined): Reader => {
    const reader = new Reader(sent);
    feed.add(reader);
    return reader;
  };

  beforeEach(() => {
    quietLogs();
    log = new FakeLog();
    feed = new ChannelFeed('user', 'rentals', log.asEventLog);
  });

  it('passes what comes in order without asking the log, and each event once', () => {
    const reader = follow(0);
    const event = log.add();
    feed.receive(event);
    feed.receive(event);
    feed.receive(log.add());
    expect(reader.heard).toEqual([1, 2]);
    expect(log.reads).toBe(0);
  });

  it('asks the log once for all followers when something is missing, and puts it in order', async () => {
    const readers = [follow(0), follow(0), follow(1)];
    log.add();
    log.add();
    feed.receive(log.add());
    feed.receive(log.add());
    await settled();
    expect(readers.map(({ heard }) => heard)).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
      [2, 3, 4],
    ]);
    expect(log.reads).toBeLessThanOrEqual(2);
  });

  it('reads page after page', async () => {
    const reader = follow(0);
    for (let count = 0; count < 23; count += 1) log.add();
    feed.compare(23);
    await settled();
    expect(reader.heard).toHaveLength(23);
  });

  it('finds what no hint told of, and asks nothing when there is nothing', async () => {
    const reader = follow(0);
    feed.compare(0);
    expect(log.reads).toBe(0);
    log.add();
    feed.compare(1);
    await settled();
    expect(reader.heard).toEqual([1]);
    feed.compare(1);
    expect(log.reads).toBe(1);
  });

  it('tries again after the database was away', async () => {
    const reader = follow(0);
    log.add();
    log.isBroken = true;
    feed.compare(1);
    await settled();
    expect(reader.heard).toEqual([]);
    log.isBroken = false;
    feed.compare(1);
    await settled();
    expect(reader.heard).toEqual([1]);
  });

  it('lets a follower start again whose next event is gone', async () => {
    const reader = follow(0);
    for (let count = 0; count < 4; count += 1) log.add();
    log.prune(2);
    feed.compare(4);
    await settled();
    expect(reader.restarts).toBe(1);
    expect(reader.heard).toEqual([]);
  });

  it('has nothing for those who have not begun', () => {
    const reader = follow(undefined);
    feed.receive(log.add());
    expect(reader.heard).toEqual([]);
    expect(log.reads).toBe(0);
  });

  it('fetches for a beginner what was heard while it was beginning', async () => {
    const reader = follow(undefined);
    feed.receive(log.add());
    reader.sent = 0;
    feed.begun(0);
    await settled();
    expect(reader.heard).toEqual([1]);
  });
});
