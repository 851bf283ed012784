import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { PersonalVault } from '../../secrets/personal-vault.js';
import { SecretBox } from '../../secrets/secret-box.js';
import type { Identity } from '../../users/user-identities.js';
import type { AccountDeletion } from './account-deletion.entity.js';

const PURPOSE = 'account_deletions|email';

export interface SealedIdentity {
  userId: string;
  identity: Identity;
}

type SealedColumns = Pick<AccountDeletion, 'emailHash' | 'identitySealed' | 'identityKeyId'>;

/** Puts the identity of a deleted account away, under a key that erasing destroys. */
@Injectable()
export class IdentityBox {
  constructor(
    private readonly vault: PersonalVault,
    private readonly box: SecretBox,
  ) {}

  async seal(userId: string, identity: Identity, manager: EntityManager): Promise<SealedColumns> {
    const { keyId, text } = await this.vault.seal(userId, identity, manager);
    return { emailHash: this.hashesOf(identity.email)[0], identitySealed: text, identityKeyId: keyId };
  }

  /** Undefined when its key is gone. */
  async open({
    id: userId,
    identitySealed: text,
    identityKeyId: keyId,
  }: AccountDeletion): Promise<SealedIdentity | undefined> {
    if (text === null || keyId === null) return undefined;
    const identity = (await this.vault.openAll<Identity>([{ keyId, text }])).get(text);
    return identity && { userId, identity };
  }

  hashesOf(email: string): string[] {
    return this.box.fingerprints(email, PURPOSE);
  }
}
