import { ModelRouter } from './model-router.js';
import { ModelsHandler } from './models.handler.js';
import { OpenAiHandler } from './openai.handler.js';
import { OpenAiSurface } from './openai.surface.js';

/** Everything behind `/v1/*`. */
export const OPENAI_PROVIDERS = [ModelRouter, ModelsHandler, OpenAiHandler, OpenAiSurface];
