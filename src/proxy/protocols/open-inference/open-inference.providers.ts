import { ModelInquirer } from './models/model-inquirer.js';
import { ModelRouting } from './models/model-routing.js';
import { ServedModels } from './models/served-models.service.js';
import { OpenInferenceHandler } from './surface/open-inference.handler.js';
import { OwnAnswers } from './surface/own-answers.js';

/** Everything behind `/v2/*`, and behind the `openinference` of POST gpu/proxy. */
export const OPEN_INFERENCE_PROVIDERS = [
  ModelInquirer,
  ModelRouting,
  OpenInferenceHandler,
  OwnAnswers,
  ServedModels,
];
