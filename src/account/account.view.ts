export class AccountDeletedView {
  message: string;
  /** Until then the account can be restored. */
  erase_at: string;

  static from(eraseAt: number): AccountDeletedView {
    return { message: 'Account deleted.', erase_at: new Date(eraseAt).toISOString() };
  }
}

export class AccountRestoredView {
  message: string;
}
