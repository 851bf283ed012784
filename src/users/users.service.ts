import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { EventBus } from '../common/event-bus.js';
import { newId } from '../common/id.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { isUniqueViolation } from '../database/unique-violation.js';
import { normalizeEmail } from './email.js';
import { PasswordService } from './passwords/password.service.js';
import { User } from './user.entity.js';
import { UserRepository, type UserCursor } from './user.repository.js';
import { emailTaken, lastAdmin, userNotFound } from './users.errors.js';

/**
 * Emitted after a change of what a user may do (password, role, disabling): whoever remembers a verified caller of
 * this user forgets it.
 */
export const USER_ACCESS_CHANGED = 'user.access_changed';

export interface NewUser {
  email: string;
  password: string;
  name: string;
}

export interface UserPage {
  /** Newest first. */
  users: User[];
  /** Where the next page begins; undefined at the end. */
  next?: UserCursor;
}

/** The accounts: who exists, what they are called, whether they are administrators, whether they may come in. */
@Injectable()
export class UsersService {
  constructor(
    private readonly users: UserRepository,
    private readonly passwords: PasswordService,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly events: EventBus,
  ) {}

  /** @throws DomainError 409 `email_taken`, 422 `weak_password` */
  async register(input: NewUser): Promise<User> {
    this.passwords.requireStrong(input.password, input);
    return this.create(input, false);
  }

  /**
   * An account made by an operator on the command line. A password that breaks the rules becomes a temporary one:
   * its owner has to choose another at the first login (`mustChangePassword` of the result).
   * @throws DomainError 409 `email_taken`
   */
  async createByOperator(email: string, password: string, name: string): Promise<User> {
    const isWeak = this.passwords.violation(password, { email, name }) !== undefined;
    return this.create({ email, password, name }, isWeak);
  }

  async findById(id: string): Promise<User | undefined> {
    return (await this.users.findById(id)) ?? undefined;
  }

  async findByEmail(email: string): Promise<User | undefined> {
    return (await this.users.findByEmail(normalizeEmail(email))) ?? undefined;
  }

  /** @throws DomainError 404 `user_not_found` */
  async requireByEmail(email: string): Promise<User> {
    const user = await this.findByEmail(email);
    if (!user) throw userNotFound();
    return user;
  }

  async list(limit: number, after?: UserCursor): Promise<UserPage> {
    const users = await this.users.page(limit + 1, after);
    if (users.length <= limit) return { users };
    const page = users.slice(0, limit);
    const { createdAt, id } = page[limit - 1];
    return { users: page, next: { createdAt, id } };
  }

  /**
   * Replaces the password that was just checked and voids every login; answers the account as it is then, undefined when
   * another change came first.
   * @throws DomainError 422 `weak_password` on the field `new_password`
   */
  async setPassword(user: User, newPassword: string): Promise<User | undefined> {
    this.passwords.requireStrong(newPassword, user, 'new_password');
    const passwordHash = await this.passwords.hash(newPassword);
    const isChanged = await this.users.updateAndEndSessions(
      { id: user.id, passwordHash: user.passwordHash },
      { passwordHash, mustChangePassword: false, updatedAt: this.clock.now() },
    );
    this.announce(user.id);
    return isChanged ? this.findById(user.id) : undefined;
  }

  /** Voids every login of the account. */
  async endSessions(userId: string): Promise<void> {
    await this.users.updateAndEndSessions({ id: userId }, { updatedAt: this.clock.now() });
    this.announce(userId);
  }

  /** Keeps the user's logins: the role is read from this row. @throws DomainError 404 `user_not_found` */
  async makeAdmin(email: string): Promise<User> {
    const user = await this.requireByEmail(email);
    const patch = { isAdmin: true, updatedAt: this.clock.now() };
    await this.users.update({ id: user.id }, patch);
    this.announce(user.id);
    return { ...user, ...patch };
  }

  /** @throws DomainError 404 `user_not_found`, 409 `last_admin` */
  revokeAdmin(userId: string): Promise<User> {
    return this.changeKeepingAnAdmin(userId, { isAdmin: false });
  }

  /** Shuts the account out, keys and logins alike. @throws DomainError 404 `user_not_found`, 409 `last_admin` */
  deactivate(userId: string): Promise<User> {
    return this.changeKeepingAnAdmin(userId, { isActive: false });
  }

  /** Lets the account in again; logins from before stay void. @throws DomainError 404 `user_not_found` */
  async activate(userId: string): Promise<User> {
    const patch = { isActive: true, updatedAt: this.clock.now() };
    await this.users.updateAndEndSessions({ id: userId }, patch);
    this.announce(userId);
    const user = await this.users.findById(userId);
    if (!user) throw userNotFound();
    return user;
  }

  private async create({ email, password, name }: NewUser, mustChangePassword: boolean): Promise<User> {
    const now = this.clock.now();
    const user: User = {
      id: newId(),
      email: normalizeEmail(email),
      name: name.trim(),
      passwordHash: await this.passwords.hash(password),
      mustChangePassword,
      isAdmin: false,
      isActive: true,
      sessionEpoch: 0,
      createdAt: now,
      updatedAt: now,
    };
    await this.insert(user);
    this.events.emit({ name: 'user.registered', userId: user.id, at: now, data: { id: user.id } });
    return user;
  }

  private async insert(user: User): Promise<void> {
    try {
      await this.users.insert(user);
    } catch (error) {
      throw isUniqueViolation(error, 'users', ['email']) ? emailTaken() : error;
    }
  }

  /** Takes a power away unless nobody would be left to give it back. */
  private async changeKeepingAnAdmin(userId: string, change: Partial<User>): Promise<User> {
    const user = await this.unitOfWork.run(async (manager) => {
      const found = await this.users.findById(userId, manager);
      if (!found) throw userNotFound();
      const isLast = found.isAdmin && found.isActive && (await this.users.countActiveAdmins(manager)) < 2;
      if (isLast) throw lastAdmin();
      const patch = { ...change, updatedAt: this.clock.now() };
      if (change.isActive === false) await this.users.updateAndEndSessions({ id: userId }, patch, manager);
      else await this.users.update({ id: userId }, patch, manager);
      return { ...found, ...patch };
    });
    this.announce(userId);
    return user;
  }

  private announce(userId: string): void {
    this.events.emit({ name: USER_ACCESS_CHANGED, userId, at: this.clock.now(), data: { id: userId } });
  }
}
