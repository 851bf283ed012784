import type { Page } from '../page.js';
import type { ApiKey } from './api-key.entity.js';
import { ApiKeyView } from './api-key.view.js';

/** The keys of the caller that are not revoked, newest first. */
export class ApiKeyListView {
  api_keys: ApiKeyView[];
  next_cursor: string | null;

  static from({ rows, nextCursor }: Page<ApiKey>): ApiKeyListView {
    return { api_keys: rows.map((row) => ApiKeyView.from(row)), next_cursor: nextCursor };
  }
}
