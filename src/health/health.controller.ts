import { Controller, Get, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../common/caller.js';
import { Clock } from '../common/clock.js';
import { HealthService } from './health.service.js';
import { HealthView } from './health.view.js';

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthService,
    private readonly clock: Clock,
  ) {}

  /** For people: 200 as long as the process answers. */
  @Get()
  @Public()
  async summary(): Promise<HealthView> {
    return HealthView.from(await this.health.isWhole(), this.clock.now());
  }

  /** For the supervisor: 503 = restart this process. */
  @Get('live')
  @Public()
  live(@Res({ passthrough: true }) reply: FastifyReply): HealthView {
    return this.answer(this.health.isAlive(), reply);
  }

  /** For the load balancer: 503 = send nothing here now. */
  @Get('ready')
  @Public()
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthView> {
    return this.answer(await this.health.isReady(), reply);
  }

  private answer(isOk: boolean, reply: FastifyReply): HealthView {
    if (!isOk) void reply.status(503);
    return HealthView.from(isOk, this.clock.now());
  }
}
