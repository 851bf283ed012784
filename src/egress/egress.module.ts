import { Module } from '@nestjs/common';
import { DenialNotes } from './denial-notes.js';
import { EgressConnector } from './connector.js';
import { EgressGuard } from './guard.js';
import { HostResolver, SystemHostResolver } from './host-resolver.js';
import { OwnEndpoints } from './own-endpoints.js';
import { ProbeClient } from './probe.client.js';
import { TrustedHosts } from './trusted-hosts.js';

/** Every connection to an address that a user or a farm supplied goes through here. */
@Module({
  providers: [
    { provide: HostResolver, useClass: SystemHostResolver },
    DenialNotes,
    TrustedHosts,
    OwnEndpoints,
    EgressGuard,
    EgressConnector,
    ProbeClient,
  ],
  exports: [TrustedHosts, OwnEndpoints, EgressGuard, EgressConnector, ProbeClient],
})
export class EgressModule {}
