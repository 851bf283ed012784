import { Injectable } from '@nestjs/common';
import type { ModelMetadata } from '../models/model-answers.js';
import { badField, noTextDialect } from './envelope.errors.js';
import { inferQuestion, onlyTextInput, takesTextInput } from './infer-question.js';
import type { InferTarget } from './infer-target.js';
import type { InferenceRequest } from './inference-request.js';
import { generatePlan, modelPath, openAiPlan, rawInferPlan, type Plan } from './plan.js';
import { needsChat, promptsOf } from './prompts.js';
import type { TargetFacts } from './target-facts.js';
import { TargetMemory } from './target-memory.js';
import { textParameters } from './text-parameters.js';
import type { Dialect } from './dialect.js';

/** A request at one target. */
export interface Question {
  request: InferenceRequest;
  target: InferTarget;
  /** For the protocol's own `id`. */
  requestId: string;
}

/**
 * Chooses how a request is put to a target: as the caller says, as the path says, as tensors when it holds tensors, else
 * by what the target turns out to be. The model's metadata comes first, because the caller asked for this protocol, and
 * not the mere presence of /v2: language models of KServe and vLLM describe themselves there without a text tensor, and
 * generate through OpenAI's routes only.
 */
@Injectable()
export class Planner {
  constructor(private readonly memory: TargetMemory) {}

  /** @throws DomainError 422 when the request does not fit, or nothing was found (`no_text_dialect`) */
  plan(question: Question): Promise<Plan> {
    const { request } = question;
    const told = request.dialect ?? request.pathDialect ?? (request.hasInputs ? 'oip-infer' : undefined);
    return told === undefined ? this.probe(question) : this.planFor(told, question);
  }

  /** The server has taken what it was asked second. */
  preferInfer(question: Question): void {
    const key = keyOf(question);
    this.memory.keep(key, { ...this.memory.recall(key), refusesGenerate: true });
  }

  /** The server does not know what was found there before. */
  forget(question: Question): void {
    this.memory.forget(keyOf(question));
  }

  private async planFor(dialect: Dialect, question: Question): Promise<Plan> {
    const { request } = question;
    switch (dialect) {
      case 'openai':
        if (request.pathDialect) return openAiPlan(request, request.path, undefined);
        return openAiPlan(request, '', (await this.openAiBase(question)) ?? openAiBases(request)[0]);
      case 'oip-generate':
        return generatePlan(request, generatePath(request));
      case 'oip-infer':
      case 'oip-grpc':
        return this.inferPlan(question, dialect);
    }
  }

  private async inferPlan(question: Question, dialect: 'oip-infer' | 'oip-grpc'): Promise<Plan> {
    const { request } = question;
    if (request.hasInputs) return rawInferPlan(request, dialect, inferPath(request));
    promptsOf(request, dialect);
    const metadata = await this.metadata(question);
    const plan = metadata && textInferPlan(question, metadata, dialect);
    if (plan) return plan;
    throw this.nothingFound(question);
  }

  private async probe(question: Question): Promise<Plan> {
    const { request } = question;
    const metadata = await this.metadata(question);
    const isText = metadata !== null && isTextModel(metadata);
    if (isText && !needsChat(request)) {
      const plan = this.textPlan(question, metadata);
      if (plan) return plan;
    }
    const base = await this.openAiBase(question);
    if (base !== null) return openAiPlan(request, '', base);
    if (isText) promptsOf(request, 'oip-generate');
    throw this.nothingFound(question);
  }

  private textPlan(question: Question, metadata: ModelMetadata): Plan | undefined {
    const { request } = question;
    const infer = textInferPlan(question, metadata, 'oip-infer');
    const isSingle = promptsOf(request, 'oip-generate').length === 1;
    const { refusesGenerate = false } = this.memory.recall(keyOf(question));
    if (!takesTextInput(metadata) || !isSingle || refusesGenerate) return infer;
    return { ...generatePlan(request, generatePath(request)), orElse: infer };
  }

  private async metadata(question: Question): Promise<ModelMetadata | null> {
    const { request, target } = question;
    const known = this.memory.recall(keyOf(question));
    if (known.metadata !== undefined) return known.metadata;
    const { value = null, words } = await target.metadata(basePath(request), request.model ?? '');
    this.learn(question, { metadata: value }, words);
    return value;
  }

  private async openAiBase(question: Question): Promise<string | null> {
    const known = this.memory.recall(keyOf(question)).openAiBase;
    if (known !== undefined) return known;
    for (const base of openAiBases(question.request)) {
      const { value, words } = await question.target.hasOpenAi(base);
      this.learn(question, value ? { openAiBase: base } : {}, words);
      if (value) return base;
    }
    this.learn(question, { openAiBase: null });
    return null;
  }

  private learn(question: Question, found: Partial<TargetFacts>, ...words: string[]): void {
    const key = keyOf(question);
    const known = this.memory.recall(key);
    this.memory.keep(key, { ...known, ...found, probed: [...new Set([...known.probed, ...words])] });
  }

  /** Not kept: the next request asks again. */
  private nothingFound(question: Question): Error {
    const { probed } = this.memory.recall(keyOf(question));
    this.forget(question);
    return noTextDialect(question.request.model ?? '', probed);
  }
}

function keyOf({ request, target }: Question): string {
  return `${target.key} ${request.path} ${request.model ?? ''}`;
}

function isTextModel(metadata: ModelMetadata): boolean {
  return takesTextInput(metadata) || onlyTextInput(metadata) !== undefined;
}

function textInferPlan(
  { request, requestId }: Question,
  metadata: ModelMetadata,
  dialect: 'oip-infer' | 'oip-grpc',
): Plan | undefined {
  const input = onlyTextInput(metadata);
  if (!input) return undefined;
  const prompts = promptsOf(request, dialect);
  const parameters = textParameters(request);
  const body = inferQuestion({ id: requestId, prompts, parameters, metadata, input });
  return { dialect, path: inferPath(request), body };
}

/** The model's path: what stands before `/infer`, or what is made of the model's name. */
function basePath(request: InferenceRequest): string {
  if (request.pathDialect === 'oip-infer') return bare(request.path).replace(/\/infer$/, '');
  if (request.model === undefined) throw badField('body.model', 'must be given');
  return modelPath(prefixOf(request), request.model);
}

function inferPath(request: InferenceRequest): string {
  return request.pathDialect === 'oip-infer' ? request.path : `${basePath(request)}/infer`;
}

function generatePath(request: InferenceRequest): string {
  if (request.pathDialect === 'oip-generate') return request.path;
  return `${basePath(request)}/generate${request.isStream ? '_stream' : ''}`;
}

/** KServe's language models have OpenAI's routes below /openai. */
function openAiBases(request: InferenceRequest): string[] {
  const path = bare(request.path).replace(/\/$/, '');
  if (path.endsWith('/v1')) return [path];
  const prefix = prefixOf(request);
  return [`${prefix}/v1`, `${prefix}/openai/v1`];
}

function prefixOf({ path, pathDialect }: InferenceRequest): string {
  return pathDialect ? '' : bare(path).replace(/(?:\/v[12])?\/?$/, '');
}

function bare(path: string): string {
  return path.split('?', 1)[0];
}
