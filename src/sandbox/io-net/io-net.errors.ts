import { FarmRefusal, type FarmAnswer } from '../farm-call.js';

/** One entry of FastAPI's validation error. */
export interface InputError {
  type: string;
  loc: (string | number)[];
  msg: string;
}

const detail = (status: number, text: string): FarmRefusal =>
  new FarmRefusal({ status, body: { detail: text } });

export const invalidInput = (errors: readonly InputError[]): FarmRefusal =>
  new FarmRefusal({ status: 422, body: { detail: errors } });

/** The header is a required parameter of the specification: its absence is a 422, not a 401. */
export const missingKey = (): FarmRefusal =>
  invalidInput([{ type: 'missing', loc: ['header', 'x-api-key'], msg: 'Field required' }]);

export const invalidKey = (): FarmRefusal => detail(401, 'Invalid API key');
export const deploymentNotFound = (): FarmRefusal => detail(404, 'Deployment not found');
export const containerNotFound = (): FarmRefusal => detail(404, 'Container not found');
export const hardwareNotFound = (): FarmRefusal => detail(404, 'Hardware not found');
export const noCredits = (): FarmRefusal => detail(402, 'Not enough credits');
export const nameTaken = (): FarmRefusal => detail(409, 'Cluster name is already taken');
export const notExtendable = (): FarmRefusal => detail(400, 'Deployment is not active');

export const noReplicas = (): FarmRefusal =>
  detail(400, 'No available replicas for the selected hardware and locations');

export const tooManyRequests = (): FarmAnswer => ({ status: 429, body: { detail: 'Too Many Requests' } });

export const internalError = (): FarmAnswer => ({
  status: 500,
  body: 'Internal Server Error',
  contentType: 'text/plain',
});

export const badGateway = (): FarmAnswer => ({
  status: 502,
  body: '<html><head><title>502 Bad Gateway</title></head></html>',
  contentType: 'text/html',
});
