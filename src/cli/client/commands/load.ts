import { defineCommand } from '../command.js';
import { showOfferLoad, showServerLoad } from '../loads.js';
import type { LoadList, OfferList } from '../wire.js';

const SERVER_PATH = '/api/v1/loadbalancer/loads';
const OFFERS_PATH = '/api/v1/gpu/instances';

export const load = defineCommand({
  name: 'load',
  summary: 'load of my instances (server), offers per farm (provider), or both',
  arguments: [{ name: 'server|provider', isOptional: true, choices: ['server', 'provider'] }],
  needs: 'key',
  flags: {},
  notes: ['With -json and no argument the two answers are the members "server" and "provider".'],
  async run({ api, args: [which], output }) {
    const server = which === 'provider' ? undefined : await api.request<LoadList>('GET', SERVER_PATH);
    const offers = which === 'server' ? undefined : await api.request<OfferList>('GET', OFFERS_PATH);
    if (output.isJson && server && offers) {
      output.line(`{"server":${server.text.trim()},"provider":${offers.text.trim()}}`);
      return;
    }
    if (server) await output.answer(server, (loads) => showServerLoad(output, loads));
    if (server && offers) output.line();
    if (offers) await output.answer(offers, (list) => showOfferLoad(output, list));
  },
});
