import { UserView } from '../users/user.view.js';
import type { Login } from './login.service.js';
import { TokensView } from './tokens/tokens.view.js';

/** The answer to a login. */
export class LoginView {
  user: UserView;
  tokens: TokensView;
  /** The password is a temporary one: until PUT auth/password these tokens open nothing else. */
  must_change?: boolean;

  static from({ user, tokens }: Login): LoginView {
    const view = { user: UserView.from(user), tokens };
    return user.mustChangePassword ? { ...view, must_change: true } : view;
  }
}
