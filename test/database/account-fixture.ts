import { JobsService } from '../../src/jobs/jobs.service.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { ApiCaller, type Reply } from '../support/running-daemon.js';
import { BillingApp } from './billing-fixture.js';
import type { TestDatabase } from '../support/databases.js';

export const PASSWORD = 'a canary of a password';
export const AGENT = 'canary-browser/1.0';

export interface Person {
  id: string;
  email: string;
  /** Calls with the access token. */
  login: ApiCaller;
  /** Calls with an API key. */
  key: ApiCaller;
}

/** The whole application, with people who sign up as people do, from an address of their own. */
export class AccountApp {
  private constructor(
    readonly billing: BillingApp,
    private readonly database: TestDatabase,
  ) {}

  static async start(database: TestDatabase, settings: Record<string, string> = {}): Promise<AccountApp> {
    const env = { TRUSTED_PROXIES: '127.0.0.0/8', REGISTER_RATE_LIMIT_PER_HOUR: '0', ...settings };
    return new AccountApp(await BillingApp.start(database.config, env), database);
  }

  get url(): string {
    return this.billing.url;
  }

  async signUp(name: string, ip: string): Promise<Person> {
    const email = `${name}@example.com`;
    const body = { email, password: PASSWORD, name: `${name} Lastname` };
    const registered = await this.send<{ user: { id: string } }>('POST', 'auth/register', body, { ip });
    const token = await this.logIn(email, ip);
    const headers = { ...from(ip), authorization: `Bearer ${token}` };
    const made = await this.send<{ api_key: string }>(
      'POST',
      'auth/apikey',
      { name: `key of ${name}` },
      { ip, authorization: headers.authorization },
    );
    const key = new PersonCaller(this.url, { ...from(ip), 'x-api-key': made.body.api_key });
    return { id: registered.body.user.id, email, login: new PersonCaller(this.url, headers), key };
  }

  async logIn(email: string, ip: string): Promise<string> {
    const answer = await this.send<{ tokens?: { access_token: string } }>(
      'POST',
      'auth/login',
      { email, password: PASSWORD },
      { ip },
    );
    if (!answer.body.tokens) throw new Error(JSON.stringify(answer.body));
    return answer.body.tokens.access_token;
  }

  send<T>(
    method: string,
    path: string,
    body: unknown,
    { ip, authorization }: { ip: string; authorization?: string },
  ): Promise<Reply<T>> {
    const headers = { ...from(ip), ...(authorization === undefined ? {} : { authorization }) };
    return new PersonCaller(this.url, headers).send<T>(method, `/api/v1/${path}`, body);
  }

  run(job: string): Promise<boolean> {
    return this.billing.app.get(JobsService).runNow(job);
  }

  /** Those of the texts that stand anywhere in the database, with the table. */
  async found(...texts: string[]): Promise<string[]> {
    const tables = (await this.dump()).split('\n');
    return texts.flatMap((text) =>
      tables
        .filter((rows) => rows.includes(text))
        .map((rows) => `${text} in ${rows.split(' ')[0]}`)
        .slice(0, 1),
    );
  }

  /** Every row of every table, a table a line. */
  private async dump(): Promise<string> {
    const { manager } = this.billing.app.get(UnitOfWork);
    const tables = await this.tables();
    const rows = await Promise.all(
      tables.map((table) => manager.query<object[]>(`SELECT * FROM "${table}"`)),
    );
    return tables.map((table, index) => `${table} ${JSON.stringify(rows[index])}`).join('\n');
  }

  async tables(): Promise<string[]> {
    const query =
      this.database.kind === 'sqlite'
        ? `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`
        : `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`;
    const rows = await this.database.dataSource.query<{ name: string }[]>(query);
    return rows.map(({ name }) => name);
  }

  async columns(table: string): Promise<string[]> {
    const query =
      this.database.kind === 'sqlite'
        ? `SELECT name FROM pragma_table_info('${table}')`
        : `SELECT column_name AS name FROM information_schema.columns WHERE table_name = '${table}'`;
    return (await this.database.dataSource.query<{ name: string }[]>(query)).map(({ name }) => name);
  }

  close(): Promise<void> {
    return this.billing.close();
  }
}

function from(ip: string): Record<string, string> {
  return { 'x-forwarded-for': ip, 'user-agent': AGENT };
}

class PersonCaller extends ApiCaller {
  constructor(
    url: string,
    private readonly credentials: Record<string, string>,
  ) {
    super(url, '');
  }

  override async send<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply<T>> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...this.credentials,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    const isJson = /\/(problem\+)?json/.test(answer.headers.get('content-type') ?? '');
    return { status: answer.status, headers: answer.headers, body: (isJson ? JSON.parse(text) : text) as T };
  }
}
