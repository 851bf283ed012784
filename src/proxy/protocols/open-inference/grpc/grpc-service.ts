import { fileURLToPath } from 'node:url';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type {
  InferRequestMessage,
  InferResponseMessage,
  MetadataRequestMessage,
  MetadataResponseMessage,
} from './grpc-messages.js';

/** Beside this file, in the sources as in what is built from them. */
const PROTO_FILE = fileURLToPath(new URL('./open-inference.proto', import.meta.url));

const SERVICE = loadSync(PROTO_FILE, {
  keepCase: true,
  longs: String,
  defaults: true,
  arrays: true,
  objects: true,
  oneofs: true,
})['inference.GRPCInferenceService'] as ServiceDefinition;

export const MODEL_METADATA = SERVICE.ModelMetadata as MethodDefinition<
  MetadataRequestMessage,
  MetadataResponseMessage
>;

export const MODEL_INFER = SERVICE.ModelInfer as MethodDefinition<InferRequestMessage, InferResponseMessage>;
