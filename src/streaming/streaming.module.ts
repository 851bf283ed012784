import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '../auth/auth.module.js';
import { BillingModule } from '../billing/billing.module.js';
import { CreditsModule } from '../credits/credits.module.js';
import { GpuModule } from '../gpu/gpu.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { LoadBalancerModule } from '../loadbalancer/loadbalancer.module.js';
import { ProxyModule } from '../proxy/proxy.module.js';
import { RedisModule } from '../redis/redis.module.js';
import { AsyncApiController } from './asyncapi/asyncapi.controller.js';
import { EventLog } from './event-log.js';
import { EventSources } from './event-sources.js';
import { StreamGauges } from './gauges.js';
import { GaugeNumbers } from './gauge-numbers.js';
import { GpuSnapshots } from './gpu-snapshots.js';
import { Handshake } from './handshake.js';
import { InferenceStarter } from './infer/inference-starter.js';
import { LiveSessions } from './live-sessions.js';
import { MarketWatch } from './market-watch.js';
import { RawSocket } from './raw-socket.js';
import { SessionServices } from './session-services.js';
import { Snapshots } from './snapshots.js';
import { StreamAccess } from './stream-access.js';
import { StreamEvent, StreamPosition } from './stream-event.entity.js';
import { StreamHub } from './stream-hub.js';
import { StreamingGateway } from './streaming.gateway.js';

/** Live updates: one hub, two thin transports. */
@Module({
  imports: [
    TypeOrmModule.forFeature([StreamEvent, StreamPosition]),
    AuthModule,
    BillingModule,
    CreditsModule,
    GpuModule,
    JobsModule,
    LoadBalancerModule,
    ProxyModule,
    RedisModule,
  ],
  controllers: [AsyncApiController],
  providers: [
    EventLog,
    EventSources,
    GaugeNumbers,
    GpuSnapshots,
    Handshake,
    InferenceStarter,
    LiveSessions,
    MarketWatch,
    RawSocket,
    SessionServices,
    Snapshots,
    StreamAccess,
    StreamGauges,
    StreamHub,
    StreamingGateway,
  ],
  exports: [LiveSessions, RawSocket, StreamingGateway],
})
export class StreamingModule {}
