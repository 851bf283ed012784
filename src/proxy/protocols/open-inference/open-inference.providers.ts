import { AnswerDelivery } from './envelope/answer-delivery.js';
import { InferTargets } from './envelope/infer-targets.js';
import { InferenceConversation } from './envelope/inference-conversation.js';
import { InferenceDialogue } from './envelope/inference-dialogue.js';
import { InferenceRunner } from './envelope/inference-runner.js';
import { Planner } from './envelope/planner.js';
import { TargetMemory } from './envelope/target-memory.js';
import { GrpcCaller } from './grpc/grpc-caller.js';
import { GrpcChannels } from './grpc/grpc-channels.js';
import { ModelInquirer } from './models/model-inquirer.js';
import { ModelRouting } from './models/model-routing.js';
import { ServedModels } from './models/served-models.service.js';
import { OpenInferenceHandler } from './surface/open-inference.handler.js';
import { OwnAnswers } from './surface/own-answers.js';

const SURFACE = [ModelInquirer, ModelRouting, OpenInferenceHandler, OwnAnswers, ServedModels];

const ENVELOPE = [
  AnswerDelivery,
  GrpcCaller,
  GrpcChannels,
  InferTargets,
  InferenceConversation,
  InferenceDialogue,
  InferenceRunner,
  Planner,
  TargetMemory,
];

/** Everything behind `/v2/*`, and behind the `openinference` of POST gpu/proxy. */
export const OPEN_INFERENCE_PROVIDERS = [...SURFACE, ...ENVELOPE];
