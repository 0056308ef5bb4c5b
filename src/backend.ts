/** Who makes the pictures: Google's Gemini API, the same models on Vertex AI, or limner's own drawings. */
export const backends = ['gemini', 'vertex', 'standin'] as const;
export type Backend = (typeof backends)[number];

/** Whether its pictures cost money. */
export function isPaid(backend: Backend): boolean {
  return backend !== 'standin';
}

/** What people know it by. */
export function nameBackend(backend: Backend): string {
  return { gemini: 'Gemini API', vertex: 'Vertex AI', standin: 'stand-in' }[backend];
}
