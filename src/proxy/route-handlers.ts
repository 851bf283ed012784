import type { Socket } from 'node:net';
import { Injectable } from '@nestjs/common';
import { McpHandler } from './mcp/mcp.handler.js';
import { OpenAiSurface } from './openai/openai.surface.js';
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
    private readonly mcp: McpHandler,
    private readonly openAi: OpenAiSurface,
  ) {}

  /** @throws DomainError (or rejects) when the request is refused */
  serve(visit: Visit): void | Promise<void> {
    switch (visit.match.route.handler) {
      case 'pool':
      case 'rental':
        return this.transparent.serve(visit);
      case 'envelope':
        return this.envelope.serve(visit);
      case 'mcp':
        return this.mcp.serve(visit);
      case 'openai':
      case 'openai_models':
        return this.openAi.serve(visit);
    }
  }

  upgrade(visit: Visit, socket: Socket, head: Buffer): Promise<void> {
    return this.tunnel.open(visit, socket, head);
  }

  closeTunnels(): void {
    this.tunnel.closeAll();
  }
}
