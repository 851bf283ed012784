import { Injectable, type OnModuleInit } from '@nestjs/common';
import { JobsService } from '../../jobs/jobs.service.js';
import { McpSessions } from './mcp-sessions.service.js';

const HOUR_MS = 3_600_000;

@Injectable()
export class McpSessionPurgeJob implements OnModuleInit {
  constructor(
    private readonly jobs: JobsService,
    private readonly sessions: McpSessions,
  ) {}

  onModuleInit(): void {
    this.jobs.register({
      name: 'mcp-sessions-purge',
      intervalMs: HOUR_MS,
      run: async () => void (await this.sessions.purge()),
    });
  }
}
