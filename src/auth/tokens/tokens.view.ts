/** The two tokens of a login. */
export class TokensView {
  /** For `Authorization: Bearer`; a JWT that says whose it is, nothing about rights. */
  access_token: string;
  /** Good for one exchange at auth/refresh, which answers the next one. */
  refresh_token: string;
  token_type: 'Bearer';
  /** Seconds that the access token is good for. */
  expires_in: number;
}
