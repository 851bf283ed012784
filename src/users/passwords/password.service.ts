import { Injectable } from '@nestjs/common';
import type { User } from '../user.entity.js';
import { UserRepository } from '../user.repository.js';
import { weakPassword } from '../users.errors.js';
import { PasswordHasher } from './password-hasher.js';
import { PasswordPolicy, type PasswordOwner } from './password-policy.js';

/** What the rest of the product does with passwords: judge a new one, hash it, check one against an account. */
@Injectable()
export class PasswordService {
  constructor(
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly users: UserRepository,
  ) {}

  violation(password: string, owner: PasswordOwner): string | undefined {
    return this.policy.violation(password, owner);
  }

  /** @throws DomainError 422 `weak_password` naming `field` */
  requireStrong(password: string, owner: PasswordOwner, field = 'password'): void {
    const violation = this.policy.violation(password, owner);
    if (violation) throw weakPassword(field, violation);
  }

  hash(password: string): Promise<string> {
    return this.hasher.hash(password);
  }

  /**
   * Whether it is the account's password; an outdated hash is replaced on the way. Without an account the answer is
   * no and takes as long.
   */
  async isRight(password: string, user: User | undefined): Promise<boolean> {
    if (!user) {
      await this.hasher.checkNothing(password);
      return false;
    }
    const check = await this.hasher.check(password, user.passwordHash);
    if (check === 'right_needs_rehash') await this.rehash(password, user);
    return check !== 'wrong';
  }

  private async rehash(password: string, user: User): Promise<void> {
    const passwordHash = await this.hasher.hash(password);
    await this.users.update({ id: user.id, passwordHash: user.passwordHash }, { passwordHash });
  }
}
