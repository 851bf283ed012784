/** The messages of open-inference.proto that are used here, as the loader is told to make them: 64-bit numbers as text. */
export interface TensorContents {
  bool_contents?: boolean[];
  int_contents?: number[];
  int64_contents?: string[];
  uint_contents?: number[];
  uint64_contents?: string[];
  fp32_contents?: number[];
  fp64_contents?: number[];
  bytes_contents?: Buffer[];
}

export interface Parameter {
  /** Which of the following is set; only in answers. */
  parameter_choice?: 'bool_param' | 'int64_param' | 'string_param' | 'double_param' | 'uint64_param';
  bool_param?: boolean;
  int64_param?: string;
  string_param?: string;
  double_param?: number;
  uint64_param?: string;
}

export type Parameters = Record<string, Parameter>;

export interface Tensor {
  name: string;
  datatype: string;
  shape: string[];
  parameters?: Parameters;
  contents?: TensorContents | null;
}

export interface InferRequestMessage {
  model_name: string;
  model_version?: string;
  id?: string;
  parameters?: Parameters;
  inputs: Tensor[];
  outputs?: { name: string; parameters?: Parameters }[];
  raw_input_contents?: Buffer[];
}

export interface InferResponseMessage {
  model_name: string;
  model_version: string;
  id: string;
  parameters: Parameters;
  outputs: Tensor[];
  raw_output_contents: Buffer[];
}

export interface MetadataRequestMessage {
  name: string;
}

export interface MetadataResponseMessage {
  name: string;
  inputs: { name: string; datatype: string; shape: string[] }[];
}
