import { Injectable } from '@nestjs/common';
import type { AuditEvent } from '../audit/audit-event.js';
import { Clock } from '../common/clock.js';
import { newId } from '../common/id.js';
import { OPERATOR, SYSTEM, type Origin } from '../common/origin.js';
import { isUniqueViolation } from '../database/unique-violation.js';
import { normalizeEmail } from './email.js';
import { PasswordService } from './passwords/password.service.js';
import { User } from './user.entity.js';
import { UserChanges } from './user-changes.js';
import { UserRepository, type UserCursor } from './user.repository.js';
import { emailTaken, userNotFound } from './users.errors.js';

export { USER_ACCESS_CHANGED } from './user-changes.js';

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
    private readonly changes: UserChanges,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError 409 `email_taken`, 422 `weak_password` */
  async register(input: NewUser, origin: Origin = SYSTEM): Promise<User> {
    this.passwords.requireStrong(input.password, input);
    return this.create(input, { mustChangePassword: false, origin });
  }

  /**
   * An account made by an operator on the command line. A password that breaks the rules becomes a temporary one:
   * its owner has to choose another at the first login (`mustChangePassword` of the result).
   * @throws DomainError 409 `email_taken`
   */
  async createByOperator(email: string, password: string, name: string): Promise<User> {
    const isWeak = this.passwords.violation(password, { email, name }) !== undefined;
    return this.create({ email, password, name }, { mustChangePassword: isWeak, origin: OPERATOR });
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
  async setPassword(user: User, newPassword: string, origin: Origin = SYSTEM): Promise<User | undefined> {
    this.passwords.requireStrong(newPassword, user, 'new_password');
    const passwordHash = await this.passwords.hash(newPassword);
    const patch = { passwordHash, mustChangePassword: false, updatedAt: this.clock.now() };
    const seen = { id: user.id, passwordHash: user.passwordHash };
    const isChanged = await this.changes.make(eventOf(origin, 'password.changed', user.id), (manager) =>
      this.users.updateAndEndSessions(seen, patch, manager),
    );
    this.changes.announceAccess(user.id);
    return isChanged ? this.findById(user.id) : undefined;
  }

  /** Voids every login of the account. */
  async endSessions(userId: string, origin: Origin = SYSTEM): Promise<void> {
    const patch = { updatedAt: this.clock.now() };
    await this.changes.make(eventOf(origin, 'session.all_ended', userId), (manager) =>
      this.users.updateAndEndSessions({ id: userId }, patch, manager),
    );
    this.changes.announceAccess(userId);
  }

  /** Keeps the user's logins: the role is read from this row. @throws DomainError 404 `user_not_found` */
  async makeAdmin(email: string, origin: Origin = OPERATOR): Promise<User> {
    const user = await this.requireByEmail(email);
    const patch = { isAdmin: true, updatedAt: this.clock.now() };
    const event = eventOf(origin, 'user.role_changed', user.id, { is_admin: true });
    await this.changes.make(event, (manager) => this.users.update({ id: user.id }, patch, manager));
    this.changes.announceAccess(user.id);
    return { ...user, ...patch };
  }

  /** @throws DomainError 404 `user_not_found`, 409 `last_admin` */
  revokeAdmin(userId: string, origin: Origin = OPERATOR): Promise<User> {
    const event = eventOf(origin, 'user.role_changed', userId, { is_admin: false });
    return this.changes.makeKeepingAnAdmin(event, userId, { isAdmin: false });
  }

  /** Shuts the account out, keys and logins alike. @throws DomainError 404 `user_not_found`, 409 `last_admin` */
  deactivate(userId: string, origin: Origin = SYSTEM): Promise<User> {
    const event = eventOf(origin, 'user.deactivated', userId);
    return this.changes.makeKeepingAnAdmin(event, userId, { isActive: false });
  }

  /** Lets the account in again; logins from before stay void. @throws DomainError 404 `user_not_found` */
  async activate(userId: string, origin: Origin = SYSTEM): Promise<User> {
    const patch = { isActive: true, updatedAt: this.clock.now() };
    await this.changes.make(eventOf(origin, 'user.activated', userId), (manager) =>
      this.users.updateAndEndSessions({ id: userId }, patch, manager),
    );
    this.changes.announceAccess(userId);
    const user = await this.users.findById(userId);
    if (!user) throw userNotFound();
    return user;
  }

  private async create(
    { email, password, name }: NewUser,
    { mustChangePassword, origin }: { mustChangePassword: boolean; origin: Origin },
  ): Promise<User> {
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
    await this.insert(user, origin);
    this.changes.announce('user.registered', user.id);
    return user;
  }

  private async insert(user: User, origin: Origin): Promise<void> {
    try {
      await this.changes.make(eventOf(origin, 'user.registered', user.id), (manager) =>
        this.users.insert(user, manager),
      );
    } catch (error) {
      throw isUniqueViolation(error, 'users', ['email']) ? emailTaken() : error;
    }
  }
}

function eventOf(
  origin: Origin,
  action: AuditEvent['action'],
  subjectId: string,
  details?: AuditEvent['details'],
): AuditEvent {
  return { action, origin, subjectId, target: `user:${subjectId}`, details };
}
