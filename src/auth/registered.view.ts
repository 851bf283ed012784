import { UserView } from '../users/user.view.js';
import type { User } from '../users/user.entity.js';

/** The answer to a sign-up. */
export class RegisteredView {
  user: UserView;

  static from(user: User): RegisteredView {
    return { user: UserView.from(user) };
  }
}
