import { createHmac, hkdfSync } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/config.js';
import { decrypt, encrypt } from './cipher.js';

/** `v2.<key id>.<text>`; before keys had ids it was `v1.<text>`. */
const SEALED = /^(?:v1|v2\.([0-9a-f]{8}))\.([\w-]+)$/;

interface MasterKey {
  id: string;
  key: Buffer;
}

/**
 * Encrypts what callers entrust to us (environment of their containers, registry passwords, upstream credentials)
 * before it reaches the database. What is sealed names its key, so that a new ENCRYPTION_KEY seals from now on while
 * the ones before it (ENCRYPTION_KEY_PREVIOUS) still open, until all values are sealed anew.
 */
@Injectable()
export class SecretBox {
  private readonly current: MasterKey;
  private readonly keys: readonly MasterKey[];

  /** The admin program may run without a key: then nothing can be sealed. */
  private readonly hasKey: boolean;

  constructor({ encryptionKey, encryptionKeysPrevious }: AppConfig) {
    this.hasKey = encryptionKey !== '';
    this.current = masterKeyOf(encryptionKey);
    this.keys = [this.current, ...encryptionKeysPrevious.map((text) => masterKeyOf(text))];
  }

  /** @param place where the value lives, e.g. `reservations|<id>|config` */
  seal(value: unknown, place: string): string {
    if (!this.hasKey) throw new Error('there is neither ENCRYPTION_KEY nor JWT_SECRET to seal with');
    return `${this.currentPrefix}${encrypt(this.current.key, value, place)}`;
  }

  /** @throws Error when the text was not sealed by one of these keys for this place */
  open<T>(text: string, place: string): T {
    const [, keyId, sealed] = SEALED.exec(text) ?? [];
    if (sealed === undefined) throw new Error('not a sealed value');
    if (keyId === undefined) return this.openUnnamed<T>(sealed, place);
    const master = this.keys.find(({ id }) => id === keyId);
    if (!master) throw new Error(`sealed with the key ${keyId}, which is not set`);
    return decrypt<T>(master.key, sealed, place);
  }

  /**
   * Keyed hashes by which a value is found again without being stored: with the current key, then with the ones before.
   * @param purpose keeps hashes of different uses apart
   */
  fingerprints(value: string, purpose: string): string[] {
    return this.keys.map(({ key }) => createHmac('sha256', key).update(`${purpose}\n${value}`).digest('hex'));
  }

  /** Whether its key is one of these. */
  canOpen(text: string): boolean {
    const keyId = SEALED.exec(text)?.[1];
    return this.keys.some(({ id }) => id === keyId);
  }

  /** How everything begins that needs no new seal. */
  get currentPrefix(): string {
    return `v2.${this.current.id}.`;
  }

  private openUnnamed<T>(sealed: string, place: string): T {
    let failure: unknown;
    for (const { key } of this.keys) {
      try {
        return decrypt<T>(key, sealed, place);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }
}

function masterKeyOf(text: string): MasterKey {
  const derive = (purpose: string, bytes: number): Buffer =>
    Buffer.from(hkdfSync('sha256', text, '', purpose, bytes));
  return { id: derive('gpuproxy secret box id', 4).toString('hex'), key: derive('gpuproxy secret box', 32) };
}
