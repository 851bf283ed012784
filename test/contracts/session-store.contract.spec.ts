import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/common/id.js';
import { Session } from '../../src/sessions/session.entity.js';
import type { SessionStore, TokenRotation } from '../../src/sessions/session-store.js';
import { SESSION_STORE_CLASSES } from '../../src/sessions/stores/index.js';
import { User } from '../../src/users/user.entity.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { openSessionStore, type OpenSessionStore } from '../support/session-stores.js';

const NOW = 1_791_504_000_000;
const DAY_MS = 86_400_000;
const DEVICE = { ip: '192.0.2.1', userAgent: 'curl/8' };

onEachDatabase('session stores', { entities: [Session, User] }, (open) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });

  const newUser = async (): Promise<string> => {
    const id = newId();
    const times = { createdAt: NOW, updatedAt: NOW };
    const flags = { mustChangePassword: false, isAdmin: false, isActive: true, sessionEpoch: 0 };
    const names = { email: `${id}@example.com`, name: 'x', passwordHash: 'x' };
    await database.unitOfWork.manager.insert(User, { id, ...names, ...flags, ...times });
    return id;
  };

  describe.each(SESSION_STORE_CLASSES)('%o', (StoreClass) => {
    let opened: OpenSessionStore;
    let store: SessionStore;
    beforeAll(async () => {
      opened = await openSessionStore(StoreClass, database.unitOfWork);
      store = opened.store;
    });
    afterAll(() => opened.close());

    const create = async (changes: Partial<Session> = {}): Promise<Session> => {
      const session: Session = {
        id: newId(),
        userId: changes.userId ?? (await newUser()),
        accountEpoch: 0,
        tokenHash: newId(),
        previousTokenHash: null,
        rotatedAt: null,
        ...DEVICE,
        createdAt: NOW,
        lastSeenAt: NOW,
        idleExpiresAt: NOW + 7 * DAY_MS,
        expiresAt: NOW + 30 * DAY_MS,
        endedAt: null,
        endReason: null,
        ...changes,
      };
      await store.create(session);
      return session;
    };
    const rotationOf = (session: Session, changes: Partial<TokenRotation> = {}): TokenRotation => ({
      sessionId: session.id,
      fromHash: session.tokenHash,
      toHash: newId(),
      device: { ip: '192.0.2.2', userAgent: 'curl/9' },
      now: NOW + 1000,
      idleExpiresAt: NOW + 8 * DAY_MS,
      ...changes,
    });

    it('gives back what was put in', async () => {
      const session = await create();
      expect(await store.find(session.id)).toEqual(session);
      expect(await store.find(newId())).toBeUndefined();
    });

    it('exchanges the current token, and remembers the one before and where', async () => {
      const session = await create();
      const rotation = rotationOf(session);
      expect(await store.rotate(rotation)).toBe(true);
      expect(await store.find(session.id)).toEqual({
        ...session,
        ...rotation.device,
        tokenHash: rotation.toHash,
        previousTokenHash: session.tokenHash,
        rotatedAt: rotation.now,
        lastSeenAt: rotation.now,
        idleExpiresAt: rotation.idleExpiresAt,
      });
      expect(await store.rotate(rotation)).toBe(false);
    });

    it('lets exactly one of 50 simultaneous exchanges win', async () => {
      const session = await create();
      const wins = await Promise.all(Array.from({ length: 50 }, () => store.rotate(rotationOf(session))));
      expect(wins.filter(Boolean)).toHaveLength(1);
    });

    it.each<[string, Partial<Session>]>([
      ['is idle', { idleExpiresAt: NOW + 1000 }],
      ['is too old', { expiresAt: NOW + 1000 }],
      ['has ended', { endedAt: NOW, endReason: 'logout' }],
    ])('takes a session for dead that %s', async (_, changes) => {
      const session = await create(changes);
      expect(await store.rotate(rotationOf(session))).toBe(false);
      expect(await store.end(session.id, 'revoked', NOW + 1000)).toBe(false);
      expect(await store.listLive(session.userId, NOW + 1000, 10)).toEqual([]);
      expect(await store.find(session.id)).toEqual(session);
    });

    it('ends a session once', async () => {
      const session = await create();
      expect(await store.end(session.id, 'logout', NOW + 5)).toBe(true);
      expect(await store.find(session.id)).toMatchObject({ endedAt: NOW + 5, endReason: 'logout' });
      expect(await store.end(session.id, 'revoked', NOW + 6)).toBe(false);
      expect(await store.rotate(rotationOf(session))).toBe(false);
    });

    it("ends all of a user's sessions and nobody else's", async () => {
      const userId = await newUser();
      await create({ userId });
      await create({ userId });
      const other = await create();
      await store.endAll(userId, 'revoked', NOW);
      expect(await store.listLive(userId, NOW, 10)).toEqual([]);
      expect(await store.listLive(other.userId, NOW, 10)).toEqual([other]);
    });

    it('lists the newest first, page by page, also within one millisecond', async () => {
      const userId = await newUser();
      for (const offset of [0, 1, 1, 1, 2]) await create({ userId, createdAt: NOW + offset });
      const all = await store.listLive(userId, NOW, 10);
      expect(all.map(({ createdAt }) => createdAt - NOW)).toEqual([2, 1, 1, 1, 0]);
      const pages = [];
      for (let after: Session | undefined; ;) {
        const page = await store.listLive(userId, NOW, 2, after);
        pages.push(...page);
        after = page[1];
        if (!after) break;
      }
      expect(pages).toEqual(all);
    });

    it('forgets what has been over for long', async () => {
      const kept = [await create(), await create({ endedAt: NOW + 5 })];
      const over = [
        await create({ endedAt: NOW - 1 }),
        await create({ idleExpiresAt: NOW - 1 }),
        await create({ expiresAt: NOW - 1 }),
      ];
      expect(await store.purge(NOW)).toBeGreaterThanOrEqual(3);
      const left = await Promise.all([...kept, ...over].map(({ id }) => store.find(id)));
      expect(left.map(Boolean)).toEqual([true, true, false, false, false]);
    });
  });
});
