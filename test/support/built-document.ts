import type { OpenApiDocument } from './openapi.js';
import { requireBuild, startDaemonProcess } from './built-programs.js';
import { createTempFolder } from './temp-folder.js';

/** The OpenAPI document as the built daemon serves it: fields of bodies and queries are read from comments by the build. */
export async function documentOfBuild(): Promise<OpenApiDocument> {
  requireBuild();
  const folder = await createTempFolder('document');
  const daemon = await startDaemonProcess(folder.path, ['-dv']);
  const answer = await fetch(`${daemon.url}/docs-json`);
  const document = (await answer.json()) as OpenApiDocument;
  await daemon.stop();
  await folder.remove();
  return document;
}
