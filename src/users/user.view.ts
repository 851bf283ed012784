import type { User } from './user.entity.js';

/** An account as its owner and administrators see it. */
export class UserView {
  id: string;
  email: string;
  name: string;
  is_admin: boolean;
  /** A disabled account can neither log in nor use its keys. */
  is_active: boolean;
  /** ISO 8601, UTC. */
  created_at: string;

  static from(user: User): UserView {
    return {
      id: user.id,
      email: user.email,
      name: user.name,
      is_admin: user.isAdmin,
      is_active: user.isActive,
      created_at: new Date(user.createdAt).toISOString(),
    };
  }
}
