import { createRequire } from 'node:module';
import { Metadata, Server, ServerCredentials, status, type ServiceDefinition } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';

/**
 * The interface once more, in another notation and with numbers of its own, so that a wrong number on the other side
 * does not go unnoticed. `[type, number]`, a list when it is repeated.
 */
type Field =
  | [type: string, id: number]
  | [rule: 'repeated', type: string, id: number]
  | [key: 'map', type: string, id: number];

const field = (described: Field): object => {
  if (described.length === 2) return { type: described[0], id: described[1] };
  const [kind, type, id] = described;
  return kind === 'map' ? { keyType: 'string', type, id } : { rule: 'repeated', type, id };
};
const message = (fields: Record<string, Field>, extra: object = {}): object => ({
  fields: Object.fromEntries(Object.entries(fields).map(([name, described]) => [name, field(described)])),
  ...extra,
});
const PARAMETER_NAMES = ['bool_param', 'int64_param', 'string_param', 'double_param', 'uint64_param'];
const TENSOR: Record<string, Field> = {
  name: ['string', 1],
  datatype: ['string', 2],
  shape: ['repeated', 'int64', 3],
  parameters: ['map', 'InferParameter', 4],
  contents: ['InferTensorContents', 5],
};
const rpc = (name: string): object => ({ requestType: `${name}Request`, responseType: `${name}Response` });

const INTERFACE = {
  nested: {
    inference: {
      nested: {
        GRPCInferenceService: {
          methods: { ModelMetadata: rpc('ModelMetadata'), ModelInfer: rpc('ModelInfer') },
        },
        ModelMetadataRequest: message({ name: ['string', 1], version: ['string', 2] }),
        TensorMetadata: message({
          name: ['string', 1],
          datatype: ['string', 2],
          shape: ['repeated', 'int64', 3],
        }),
        ModelMetadataResponse: message({
          name: ['string', 1],
          versions: ['repeated', 'string', 2],
          platform: ['string', 3],
          inputs: ['repeated', 'TensorMetadata', 4],
          outputs: ['repeated', 'TensorMetadata', 5],
        }),
        Tensor: message(TENSOR),
        RequestedOutput: message({ name: ['string', 1], parameters: ['map', 'InferParameter', 2] }),
        ModelInferRequest: message({
          model_name: ['string', 1],
          model_version: ['string', 2],
          id: ['string', 3],
          parameters: ['map', 'InferParameter', 4],
          inputs: ['repeated', 'Tensor', 5],
          outputs: ['repeated', 'RequestedOutput', 6],
          raw_input_contents: ['repeated', 'bytes', 7],
        }),
        ModelInferResponse: message({
          model_name: ['string', 1],
          model_version: ['string', 2],
          id: ['string', 3],
          parameters: ['map', 'InferParameter', 4],
          outputs: ['repeated', 'Tensor', 5],
          raw_output_contents: ['repeated', 'bytes', 6],
        }),
        InferParameter: message(
          {
            bool_param: ['bool', 1],
            int64_param: ['int64', 2],
            string_param: ['string', 3],
            double_param: ['double', 4],
            uint64_param: ['uint64', 5],
          },
          { oneofs: { parameter_choice: { oneof: PARAMETER_NAMES } } },
        ),
        InferTensorContents: message({
          bool_contents: ['repeated', 'bool', 1],
          int_contents: ['repeated', 'int32', 2],
          int64_contents: ['repeated', 'int64', 3],
          uint_contents: ['repeated', 'uint32', 4],
          uint64_contents: ['repeated', 'uint64', 5],
          fp32_contents: ['repeated', 'float', 6],
          fp64_contents: ['repeated', 'double', 7],
          bytes_contents: ['repeated', 'bytes', 8],
        }),
      },
    },
  },
};

// JSON descriptors are proto2 to the library unless they say otherwise, and proto2 does not pack.
const { Root } = createRequire(import.meta.url)('protobufjs') as {
  Root: { fromJSON(json: object): { toJSON(): object } };
};

export interface GrpcTensor {
  name: string;
  datatype: string;
  shape: string[];
  parameters?: Record<string, object>;
  contents?: Record<string, unknown[]> | null;
}

export interface GrpcInferRequest {
  model_name: string;
  model_version: string;
  id: string;
  parameters: Record<string, Record<string, unknown>>;
  inputs: GrpcTensor[];
  outputs: { name: string }[];
  raw_input_contents: Buffer[];
}

export interface GrpcInferResponse {
  model_name?: string;
  model_version?: string;
  id?: string;
  parameters?: Record<string, object>;
  outputs: GrpcTensor[];
  raw_output_contents?: Buffer[];
}

type Refusal = { code: status; details: string };

export interface GrpcDouble {
  port: number;
  requests: GrpcInferRequest[];
  /** Of all calls, in order. */
  metadata: Metadata[];
  /** The name in `:authority`. */
  hosts: string[];
  /** Undefined: never answers. */
  answer: (request: GrpcInferRequest) => GrpcInferResponse | Refusal | undefined;
  inputs: { name: string; datatype: string; shape: string[] }[];
  nextCancel(): Promise<void>;
  close(): void;
}

export async function startGrpcDouble(): Promise<GrpcDouble> {
  const definition = fromJSON(Root.fromJSON(INTERFACE).toJSON() as never, {
    keepCase: true,
    longs: String,
    defaults: true,
    arrays: true,
    objects: true,
    oneofs: true,
  });
  const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
  const cancelled: (() => void)[] = [];
  const double: GrpcDouble = {
    port: 0,
    requests: [],
    metadata: [],
    hosts: [],
    answer: () => ({ code: status.UNIMPLEMENTED, details: 'nothing was set' }),
    inputs: [{ name: 'text_input', datatype: 'BYTES', shape: ['-1', '1'] }],
    nextCancel: () => new Promise((resolve) => cancelled.push(resolve)),
    close: () => server.forceShutdown(),
  };
  server.addService(definition['inference.GRPCInferenceService'] as ServiceDefinition, {
    ModelMetadata: (
      call: { request: { name: string } },
      reply: (error: Refusal | null, answer?: object) => void,
    ) => {
      const { name } = call.request;
      if (name === 'unknown') return reply({ code: status.NOT_FOUND, details: `no model ${name}` });
      reply(null, { name, versions: ['1'], platform: 'double', inputs: double.inputs });
    },
    ModelInfer: (
      call: {
        request: GrpcInferRequest;
        metadata: Metadata;
        getHost(): string;
        on(event: 'cancelled', listener: () => void): void;
      },
      reply: (error: Refusal | null, answer?: object) => void,
    ) => {
      double.requests.push(call.request);
      double.metadata.push(call.metadata);
      double.hosts.push(call.getHost());
      call.on('cancelled', () => cancelled.splice(0).forEach((wake) => wake()));
      const answer = double.answer(call.request);
      if (!answer) return;
      if ('code' in answer) reply(answer);
      else reply(null, answer);
    },
  });
  double.port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
  return double;
}
