import type { Redactor } from '../redactor.ts';
import type { WebProxy } from '../settings/proxy.ts';
import type { VertexPlace } from '../settings/vertex.ts';
import { createTokenSource, type TokenSource } from './access-token.ts';
import { mostVertexPictureBytes } from './catalog.ts';
import type { ReadText } from './credentials.ts';
import type { Door } from './fetch.ts';
import { createGoogleModel } from './google-model.ts';
import type { ImageModel } from './image-model.ts';
import type { RequestFailure } from './request-failure.ts';

export interface VertexOptions {
  vertex: VertexPlace;
  /** Keeps tokens out of what comes back. */
  redactor: Redactor;
  proxy: WebProxy | undefined;
  readText: ReadText;
}

/** The path of Google's models, below the address of Vertex AI. */
export const vertexVersion = 'v1beta1';

/** Where Vertex AI is asked. */
export function toVertexUrl({ baseUrl, location }: VertexPlace): string {
  if (baseUrl !== undefined) return baseUrl;
  if (location === 'global') return 'https://aiplatform.googleapis.com';
  return /^(us|eu)$/.test(location) ? `https://aiplatform.${location}.rep.googleapis.com` : `https://${location}-aiplatform.googleapis.com`;
}

/** A way in for each request, since tokens end. */
export function createVertexDoor(options: VertexOptions): {
  open(signal: AbortSignal): Promise<Door | { failure: RequestFailure }>;
  forget(): void;
} {
  const { vertex, redactor, proxy, readText } = options;
  const source: TokenSource = createTokenSource({ places: vertex.credentials, readText, redactor, proxy });
  const { origin } = new URL(toVertexUrl(vertex));
  return {
    async open(signal) {
      const token = await source.find(signal);
      if ('failure' in token) return token;
      const { quotaProject } = token;
      const more = quotaProject === undefined ? {} : { 'x-goog-user-project': quotaProject };
      return { origin, proxy, credential: () => ({ authorization: `Bearer ${token.reveal()}`, ...more }) };
    },
    forget: () => source.forget(),
  };
}

/** Google's models on Vertex AI. The SDK is handed an account that has no token: `fetch.ts` puts it on, as it does the key of the Gemini API. */
export function createVertex(options: VertexOptions): ImageModel {
  const { vertex, redactor } = options;
  const { project, location } = vertex;
  const door = createVertexDoor(options);
  return createGoogleModel({
    backend: 'vertex',
    redactor,
    mostPictureBytes: mostVertexPictureBytes,
    place: { project, location },
    open: (signal) => door.open(signal),
    onRejected: () => door.forget(),
    async connect({ GoogleGenAI }) {
      const { PassThroughClient } = await import('google-auth-library');
      const googleAuthOptions = { authClient: new PassThroughClient(), projectId: project };
      const httpOptions = { baseUrl: toVertexUrl(vertex) };
      return new GoogleGenAI({ vertexai: true, project, location, apiVersion: vertexVersion, googleAuthOptions, httpOptions });
    },
  });
}
