import { TokensView } from './tokens/tokens.view.js';

/** The answer to a change of password: every login has ended, and here is a new one. */
export class PasswordChangedView {
  message: string;
  tokens: TokensView;

  static from(tokens: TokensView): PasswordChangedView {
    return { message: 'Password changed. All other logins have ended.', tokens };
  }
}
