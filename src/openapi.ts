import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, getSchemaPath, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { productVersion } from './common/product-version.js';
import { ProblemView } from './common/problem.view.js';
import { mergeDataPlaneRoutes } from './proxy/data-plane.openapi.js';

/** The OpenAPI document of everything that is served: the controllers' routes and the data plane's. */
export function buildOpenApi(app: INestApplication): OpenAPIObject {
  const description = new DocumentBuilder()
    .setTitle('GPU Proxy')
    .setDescription(
      'One endpoint, one key and one bill for rented GPUs. Errors are problem documents (RFC 9457) with a stable `code`. ' +
        'Live updates over WebSocket and socket.io are described at /docs-asyncapi.',
    )
    .setVersion(productVersion())
    .setOpenAPIVersion('3.1.0')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key' }, 'api_key')
    .addBearerAuth({ type: 'http', scheme: 'bearer' }, 'bearer')
    .addSecurityRequirements('api_key')
    .addSecurityRequirements('bearer')
    .build();
  const document = SwaggerModule.createDocument(app, description, { extraModels: [ProblemView] });
  addProblemAnswers(document);
  return mergeDataPlaneRoutes(document);
}

/** Whatever goes wrong on the control plane is answered in one form. */
function addProblemAnswers(document: OpenAPIObject): void {
  const schema = { $ref: getSchemaPath(ProblemView) };
  const answer = { description: 'Refused or failed', content: { 'application/problem+json': { schema } } };
  const operations = Object.values(document.paths).flatMap((item) =>
    Object.values(item as Record<string, unknown>),
  );
  for (const operation of operations) {
    const { responses } = operation as { responses?: Record<string, unknown> };
    if (responses) responses.default ??= answer;
  }
}

/** Serves it for people at /docs and for programs at /docs-json. */
export function serveOpenApi(app: INestApplication): void {
  SwaggerModule.setup('docs', app, () => buildOpenApi(app), { jsonDocumentUrl: 'docs-json' });
}
