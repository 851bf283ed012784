import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { In, LessThan, type EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { newId } from '../common/id.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { decrypt, encrypt } from './cipher.js';
import { PersonalKey } from './personal-key.entity.js';
import { SecretBox } from './secret-box.js';

const KEY_BYTES = 32;
const STRANGERS = 'nobody';

/** Something personal, readable as long as its key exists. */
export interface PersonalText {
  keyId: string;
  text: string;
}

/**
 * Personal data in rows that must never change: it is encrypted with a key of its person and month, and forgetting it
 * is destroying the key, which reaches every copy of the row.
 */
@Injectable()
export class PersonalVault {
  constructor(
    private readonly box: SecretBox,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** @param ownerId whose data it is; null for somebody we do not know */
  async seal(ownerId: string | null, value: unknown, manager: EntityManager): Promise<PersonalText> {
    const { id, keySealed } = await this.keyOf(ownerId ?? STRANGERS, manager);
    return { keyId: id, text: encrypt(this.dataKey(id, keySealed), value, id) };
  }

  /** What each text says; left out are those whose key is destroyed, or sealed with a master key that is not set. */
  async openAll<T>(texts: readonly PersonalText[]): Promise<Map<string, T>> {
    const keyIds = [...new Set(texts.map(({ keyId }) => keyId))];
    const rows = keyIds.length === 0 ? [] : await this.find(keyIds);
    const keys = new Map(rows.map(({ id, keySealed }) => [id, this.dataKeyIfReadable(id, keySealed)]));
    const opened = new Map<string, T>();
    for (const { keyId, text } of texts) {
      const key = keys.get(keyId);
      if (key) opened.set(text, decrypt<T>(key, text, keyId));
    }
    return opened;
  }

  /** Makes everything personal about a user unreadable. */
  async forget(ownerId: string, manager: EntityManager = this.unitOfWork.manager): Promise<void> {
    await manager.delete(PersonalKey, { ownerId });
  }

  /** Makes everything personal from months that ended before the instant unreadable; answers how many keys went. */
  async forgetBefore(instant: number): Promise<number> {
    const { affected } = await this.unitOfWork.manager.delete(PersonalKey, {
      period: LessThan(periodOf(instant)),
    });
    return affected ?? 0;
  }

  private find(ids: readonly string[]): Promise<PersonalKey[]> {
    return this.unitOfWork.manager.findBy(PersonalKey, { id: In(ids) });
  }

  /** Made when it is first needed; of several processes that make it at once, one wins. */
  private async keyOf(ownerId: string, manager: EntityManager): Promise<PersonalKey> {
    const now = this.clock.now();
    const where = { ownerId, period: periodOf(now) };
    const known = await manager.findOneBy(PersonalKey, where);
    if (known) return known;
    const id = newId();
    const keySealed = this.box.seal(randomBytes(KEY_BYTES).toString('base64'), placeOf(id));
    const fresh: PersonalKey = { id, ...where, keySealed, createdAt: now };
    await manager.createQueryBuilder().insert().into(PersonalKey).values(fresh).orIgnore().execute();
    return manager.findOneByOrFail(PersonalKey, where);
  }

  private dataKey(id: string, keySealed: string): Buffer {
    return Buffer.from(this.box.open<string>(keySealed, placeOf(id)), 'base64');
  }

  /** The admin program may run without the master key; then it shows the rest. */
  private dataKeyIfReadable(id: string, keySealed: string): Buffer | undefined {
    return this.box.canOpen(keySealed) ? this.dataKey(id, keySealed) : undefined;
  }
}

function placeOf(id: string): string {
  return `personal_keys|${id}|key`;
}

function periodOf(instant: number): string {
  return new Date(instant).toISOString().slice(0, 7);
}
