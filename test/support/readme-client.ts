import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..', '..');
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ES2022,
  lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
  types: [],
  strict: true,
  noEmit: true,
};

/** The README's streaming client as it is printed. */
export function readmeClient(): string {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block]) => block);
  const printed = blocks.find((block) => block.includes('follow('));
  if (printed === undefined) throw new Error('the README prints no client');
  return printed;
}

/** What the compiler says of a script for browsers. */
export function complaintsAbout(source: string): string[] {
  const host = ts.createCompilerHost(OPTIONS);
  const readFile = host.getSourceFile.bind(host);
  host.getSourceFile = (name, language) =>
    name === 'client.ts' ? ts.createSourceFile(name, source, language, true) : readFile(name, language);
  const program = ts.createProgram(['client.ts'], OPTIONS, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

export const toJavaScript = (source: string): string =>
  ts.transpileModule(source, { compilerOptions: { ...OPTIONS, noEmit: false } }).outputText;
