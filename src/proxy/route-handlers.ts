import type { Socket } from 'node:net';
import { Injectable } from '@nestjs/common';
import { ProtocolSurfaces } from './protocol-surfaces.js';
import { ProxyController } from './proxy.controller.js';
import { TransparentHandler } from './transparent.handler.js';
import { UpgradeTunnel } from './upgrade-tunnel.js';
import type { Visit } from './visit.js';

/** Who answers which route of the table. */
@Injectable()
export class RouteHandlers {
  constructor(
    private readonly transparent: TransparentHandler,
    private readonly tunnel: UpgradeTunnel,
    private readonly envelope: ProxyController,
    private readonly surfaces: ProtocolSurfaces,
  ) {}

  /** @throws DomainError (or rejects) when the request is refused */
  serve(visit: Visit): void | Promise<void> {
    const { handler } = visit.match.route;
    switch (handler) {
      case 'pool':
      case 'rental':
        return this.transparent.serve(visit);
      case 'envelope':
        return this.envelope.serve(visit);
      default:
        return this.surfaces.serve(visit, handler);
    }
  }

  upgrade(visit: Visit, socket: Socket, head: Buffer): Promise<void> {
    return this.tunnel.open(visit, socket, head);
  }

  closeTunnels(): void {
    this.tunnel.closeAll();
  }
}
