import { Body, Controller, Get, Param, Patch, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../../common/caller.js';
import { decodeCursor, DEFAULT_PAGE_SIZE, encodeCursor } from '../../common/cursor.js';
import { RequestOrigin, type Origin } from '../../common/origin.js';
import { UserView } from '../../users/user.view.js';
import { UsersService } from '../../users/users.service.js';
import { AdminLog } from '../admin-log.js';
import { ChangeUserDto } from '../dto/change-user.dto.js';
import { ListUsersDto } from '../dto/list-users.dto.js';
import { AdminUserView, UserListView } from './admin-user.view.js';
import { UserAdministration } from './user-administration.service.js';
import { userChangeFrom } from './user-change.js';

@ApiTags('admin')
@AdminOnly()
@Controller('admin/users')
export class AdminUsersController {
  constructor(
    private readonly users: UsersService,
    private readonly administration: UserAdministration,
    private readonly log: AdminLog,
  ) {}

  /** All accounts, newest first. */
  @Get()
  async list(
    @RequestOrigin() origin: Origin,
    @Query() { limit = DEFAULT_PAGE_SIZE, cursor, email }: ListUsersDto,
  ): Promise<UserListView> {
    await this.log.record(origin, { action: 'user.listed' });
    if (email !== undefined) {
      const user = await this.users.findByEmail(email);
      return { users: user ? [UserView.from(user)] : [], next_cursor: null };
    }
    const { users, next } = await this.users.list(limit, decodeCursor(cursor));
    const next_cursor = next ? encodeCursor(next) : null;
    return { users: users.map((user) => UserView.from(user)), next_cursor };
  }

  /** One account with its credits and quotas. */
  @Get(':id')
  async show(@RequestOrigin() origin: Origin, @Param('id') id: string): Promise<AdminUserView> {
    const standing = await this.administration.standing(id);
    await this.log.record(origin, { action: 'user.viewed', target: `user:${id}`, subjectId: id });
    return AdminUserView.fromStanding(standing);
  }

  /** Changes what an operator decides of an account. */
  @Patch(':id')
  async change(
    @RequestOrigin() origin: Origin,
    @Param('id') id: string,
    @Body() input: ChangeUserDto,
    @Req() { rawBody }: { rawBody?: string },
  ): Promise<AdminUserView> {
    const change = userChangeFrom(input, rawBody);
    const before = AdminUserView.fromStanding(await this.administration.standing(id));
    const after = AdminUserView.fromStanding(await this.administration.change(id, change, origin));
    await this.log.record(origin, {
      action: 'user.changed',
      target: `user:${id}`,
      subjectId: id,
      before: decided(before),
      after: decided(after),
    });
    return after;
  }
}

/** The part of an account that can be changed here. */
function decided({ is_active, credits, quotas }: AdminUserView): object {
  return { is_active, credits_cap: credits.credits_cap, quotas };
}
