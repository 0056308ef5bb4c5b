import type { Field } from './schema.ts';

/**
 * The fields of a v1beta GenerateContentRequest that make sense for pictures. Anything else is "Cannot find field.", also what Google knows
 * but limner has no reason to send; `imageConfig` has exactly these two fields in the discovery document.
 */
const part: Field = {
  message: {
    text: 'string',
    inlineData: { message: { mimeType: 'string', data: 'bytes' } },
    fileData: { message: { mimeType: 'string', fileUri: 'string' } },
    thought: 'bool',
    thoughtSignature: 'bytes',
  },
};

const content: Field = { message: { role: 'string', parts: { list: part } } };

const generationConfig: Field = {
  message: {
    responseModalities: { list: { oneOf: ['TEXT', 'IMAGE', 'AUDIO', 'MODALITY_UNSPECIFIED'], type: 'GenerationConfig.Modality' } },
    imageConfig: { message: { aspectRatio: 'string', imageSize: 'string' } },
    thinkingConfig: {
      message: {
        includeThoughts: 'bool',
        thinkingBudget: 'number',
        thinkingLevel: { oneOf: ['MINIMAL', 'LOW', 'MEDIUM', 'HIGH'], type: 'ThinkingConfig.ThinkingLevel' },
      },
    },
    candidateCount: 'number',
    maxOutputTokens: 'number',
    mediaResolution: {
      oneOf: ['MEDIA_RESOLUTION_LOW', 'MEDIA_RESOLUTION_MEDIUM', 'MEDIA_RESOLUTION_HIGH'],
      type: 'GenerationConfig.MediaResolution',
    },
    responseMimeType: 'string',
    seed: 'number',
    stopSequences: { list: 'string' },
    temperature: 'number',
    topK: 'number',
    topP: 'number',
  },
};

const harmCategories = ['HARASSMENT', 'HATE_SPEECH', 'SEXUALLY_EXPLICIT', 'DANGEROUS_CONTENT', 'CIVIC_INTEGRITY'];

const safetySetting: Field = {
  message: {
    category: { oneOf: harmCategories.map((name) => `HARM_CATEGORY_${name}`), type: 'HarmCategory' },
    threshold: {
      oneOf: ['BLOCK_LOW_AND_ABOVE', 'BLOCK_MEDIUM_AND_ABOVE', 'BLOCK_ONLY_HIGH', 'BLOCK_NONE', 'OFF'],
      type: 'SafetySetting.HarmBlockThreshold',
    },
  },
};

const searchTypes: Field = { message: { webSearch: { message: {} }, imageSearch: { message: {} } } };
const timeRangeFilter: Field = { message: { startTime: 'string', endTime: 'string' } };

const shared = {
  contents: { list: content },
  systemInstruction: content,
  generationConfig,
  safetySettings: { list: safetySetting },
  tools: { list: { message: { googleSearch: { message: { searchTypes, timeRangeFilter } } } } },
} as const satisfies Record<string, Field>;

/** The request body. */
export const generateContentRequest: Field = { message: { ...shared, model: 'string', serviceTier: 'string', store: 'bool' } };

/** That of Vertex AI, which lacks some of the Gemini API's fields and has some of its own. */
export const vertexRequest: Field = { message: { ...shared, labels: { message: {} }, modelArmorConfig: { message: {} } } };
