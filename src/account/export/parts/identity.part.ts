import { Injectable } from '@nestjs/common';
import { ApiKeyView } from '../../../auth/api-keys/api-key.view.js';
import { ApiKeysService } from '../../../auth/api-keys/api-keys.service.js';
import { LoginSessionsService } from '../../../auth/login-sessions.service.js';
import { pageOf, decodeCursor } from '../../../common/cursor.js';
import { SessionView } from '../../../sessions/session.view.js';
import { UserView } from '../../../users/user.view.js';
import { UsersService } from '../../../users/users.service.js';
import { allPages, single, type ExportPart, type ExportSection } from '../export-part.js';

const PAGE = 100;

/** Who the user is: the account, its logins and its keys (never what they are checked with). */
@Injectable()
export class IdentityPart implements ExportPart {
  constructor(
    private readonly users: UsersService,
    private readonly keys: ApiKeysService,
    private readonly logins: LoginSessionsService,
  ) {}

  sections(): ExportSection[] {
    return [
      { name: 'profile', rows: (userId) => single(this.profile(userId)) },
      { name: 'api_keys', rows: (userId) => this.apiKeys(userId) },
      { name: 'sessions', rows: (userId) => this.sessions(userId) },
    ];
  }

  private async profile(userId: string): Promise<UserView | undefined> {
    const user = await this.users.findById(userId);
    return user && UserView.from(user);
  }

  private async *apiKeys(userId: string): AsyncGenerator<ApiKeyView> {
    const read = async (cursor?: string) =>
      pageOf(await this.keys.list(userId, PAGE + 1, decodeCursor(cursor)), PAGE);
    for await (const key of allPages(read)) yield ApiKeyView.from(key);
  }

  private async *sessions(userId: string): AsyncGenerator<SessionView> {
    const read = async (cursor?: string) =>
      pageOf(await this.logins.list(userId, PAGE + 1, decodeCursor(cursor)), PAGE);
    for await (const session of allPages(read)) yield SessionView.from(session, '');
  }
}
