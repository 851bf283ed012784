import { productVersion } from '../../../common/product-version.js';
import { defineCommand } from '../command.js';

export const version = defineCommand({
  name: 'version',
  summary: 'version of this program',
  arguments: [],
  needs: 'nothing',
  flags: {},
  async run({ output }) {
    const facts = { version: productVersion(), node: process.version };
    if (output.isJson) output.line(JSON.stringify(facts));
    else output.line(`aiserve-gpuproxy-client ${facts.version} (Node ${facts.node})`);
  },
});
