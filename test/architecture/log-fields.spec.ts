import ts from 'typescript';
import { expect, it } from 'vitest';
import { LOG_FIELDS } from '../../src/common/log-fields.js';
import { readSources } from './source-tree.js';

const LEVELS = new Set(['log', 'warn', 'error', 'debug', 'verbose']);

/** Names of the members of every object literal that is handed to a logger. */
function loggedNames(path: string, text: string): string[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isLogger(node.expression))
      names.push(...node.arguments.flatMap(namesOf));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return names;
}

function isLogger(expression: ts.Expression): boolean {
  if (!ts.isPropertyAccessExpression(expression) || !LEVELS.has(expression.name.text)) return false;
  return /\blogger$/i.test(expression.expression.getText());
}

function namesOf(argument: ts.Expression): string[] {
  if (!ts.isObjectLiteralExpression(argument)) return [];
  return argument.properties.flatMap((property) =>
    property.name && ts.isIdentifier(property.name) ? [property.name.text] : [],
  );
}

it('every name in a log line is in the list of names that may be', () => {
  const unlisted = readSources()
    .filter(({ path }) => !path.startsWith('src/cli/') && !path.startsWith('src/sandbox/'))
    .filter(({ text }) => /logger\.\w+\(\{/i.test(text))
    .flatMap(({ path, text }) => loggedNames(path, text).map((name) => ({ path, name })))
    .filter(({ name }) => !LOG_FIELDS.has(name));
  expect(unlisted).toEqual([]);
}, 30_000);

it('finds the names it is about', () => {
  expect(loggedNames('a.ts', "this.logger.warn({ msg: 'x', secret: 1, id });")).toEqual([
    'msg',
    'secret',
    'id',
  ]);
});
