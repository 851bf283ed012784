import { UsersService, type UserPage } from '../../../users/users.service.js';
import type { User } from '../../../users/user.entity.js';
import { UserView } from '../../../users/user.view.js';
import type { Column } from '../../table.js';
import type { AdminCommand } from '../command.js';

const PAGE = 500;

const COLUMNS: readonly Column<User>[] = [
  { title: 'email', cell: ({ email }) => email },
  { title: 'name', cell: ({ name }) => name },
  { title: 'admin', cell: ({ isAdmin }) => (isAdmin ? 'yes' : '') },
  { title: 'active', cell: ({ isActive }) => (isActive ? 'yes' : 'no') },
  { title: 'created', cell: ({ createdAt }) => new Date(createdAt).toISOString() },
  { title: 'id', cell: ({ id }) => id },
];

export const users: AdminCommand = {
  name: 'users',
  summary: 'list all accounts, newest first',
  arguments: [],
  async run({ open, output }) {
    const all = await readAll((await open()).get(UsersService));
    await output.result({ users: all.map((user) => UserView.from(user)), count: all.length }, async () => {
      await output.table(COLUMNS, all);
      output.line(`${all.length} ${all.length === 1 ? 'account' : 'accounts'}`);
    });
  },
};

async function readAll(service: UsersService): Promise<User[]> {
  const all: User[] = [];
  let next: UserPage['next'];
  do {
    const page = await service.list(PAGE, next);
    all.push(...page.users);
    next = page.next;
  } while (next);
  return all;
}
