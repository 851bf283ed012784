import type { User } from '../../src/users/user.entity.js';

/** A row for somebody who never logs in. */
export function userOf(id: string): User {
  return {
    id,
    email: `${id}@example.com`,
    name: id,
    passwordHash: '',
    mustChangePassword: false,
    isAdmin: false,
    isActive: true,
    sessionEpoch: 0,
    createdAt: 0,
    updatedAt: 0,
  };
}
