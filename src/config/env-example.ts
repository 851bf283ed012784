import { Environment } from './env.dto.js';
import { describeVariables } from './variable.js';

/** The text of `.env.example`: every variable with its default, commented out where there is none. */
export function renderEnvExample(): string {
  const defaults = new Environment() as unknown as Record<string, unknown>;
  const lines = [
    '# Copy to .env and edit. The environment wins over this file; an empty variable counts as unset.',
    '# Secrets may also be read from a file: NAME_FILE=/run/secrets/name.',
  ];
  let group = '';
  for (const variable of describeVariables(Environment.prototype)) {
    if (variable.group !== group) lines.push('', `# --- ${variable.group} ---`);
    group = variable.group;
    const value = defaults[variable.name];
    lines.push(`# ${variable.comment}`, `${variable.name}=${value === undefined ? '' : String(value)}`);
  }
  return `${lines.join('\n')}\n`;
}
