import { TokensView } from './tokens/tokens.view.js';

/** New tokens for old ones. */
export class RefreshedView {
  tokens: TokensView;
}
