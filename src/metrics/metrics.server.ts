import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Metrics } from '../common/metrics/metrics.js';
import { AppConfig } from '../config/config.js';

const HOST = '127.0.0.1';

/** /metrics on a port of its own, for collectors on this machine: no token, no other route. */
@Injectable()
export class MetricsServer implements OnApplicationShutdown {
  private readonly logger = new Logger(MetricsServer.name);
  private server: Server | undefined;

  constructor(
    private readonly metrics: Metrics,
    private readonly config: AppConfig,
  ) {}

  /** Answers the port; undefined when METRICS_PORT is unset. @throws when the port is taken */
  async listen(): Promise<number | undefined> {
    const { port } = this.config.metrics;
    if (port === undefined) return undefined;
    this.server = createServer((request, response) => {
      if (request.method === 'GET' && request.url === '/metrics') void this.answer(response);
      else response.writeHead(404).end();
    });
    this.server.listen(port, HOST);
    await once(this.server, 'listening');
    const { port: taken } = this.server.address() as AddressInfo;
    this.logger.log({ msg: 'metrics served', url: `http://${HOST}:${taken}/metrics` });
    return taken;
  }

  onApplicationShutdown(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }

  private async answer(response: ServerResponse): Promise<void> {
    const text = await this.metrics.text();
    response.writeHead(200, { 'content-type': this.metrics.contentType }).end(text);
  }
}
