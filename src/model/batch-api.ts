import { z } from 'zod';
import { askService, persist, type Service } from './service.ts';
import { type ServiceError, toGarbled } from './service-failure.ts';

/** How far a batch is, in Google's words without what stands before them. */
type BatchState = 'PENDING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED' | 'EXPIRED';

/** A batch at Google's. */
export interface RemoteBatch {
  /** `batches/…`. */
  name: string;
  displayName: string;
  state: BatchState;
  /** The file with its results, once it has any. */
  results: string | undefined;
  /** The file it was made from. */
  input: string | undefined;
}

/** Google's Batch API. Every request is half the price of the same one made at once; results come within 24 hours, mostly much sooner. */
export interface BatchApi {
  /** Sent once and never again, since each is paid: throws a `ServiceError` that says whether it may have been made all the same (`isUnclear`). */
  create(model: string, fileName: string, displayName: string, signal: AbortSignal): Promise<RemoteBatch>;
  get(name: string, signal: AbortSignal): Promise<RemoteBatch>;
  /** Every batch of that name, the whole list being looked through. One that was made a moment ago may not be in it yet. */
  find(displayName: string, signal: AbortSignal): Promise<RemoteBatch[]>;
  cancel(name: string, signal: AbortSignal): Promise<void>;
}

export function createBatchApi(service: Service): BatchApi {
  const thing = 'this batch';
  return {
    async create(model, fileName, displayName, signal) {
      const body = JSON.stringify({ batch: { displayName, inputConfig: { fileName } } });
      const path = `/v1beta/models/${encodeURIComponent(model)}:batchGenerateContent`;
      const { json } = await askService(service, { path, headers: { 'content-type': 'application/json' }, body, thing, signal });
      return toBatch(json);
    },
    get: (name, signal) =>
      persist(signal, async () => toBatch((await askService(service, { path: `/v1beta/${toName(name)}`, thing, signal })).json)),
    async find(displayName, signal) {
      const found: RemoteBatch[] = [];
      let page = '';
      for (let count = 0; count < mostPages; count += 1) {
        const list = await persist(signal, () => readPage(service, page, signal));
        found.push(...list.batches.filter((batch) => batch.displayName === displayName));
        page = list.next;
        if (page === '') break;
      }
      return found;
    },
    async cancel(name, signal) {
      const headers = { 'content-type': 'application/json' };
      await persist(signal, () => askService(service, { path: `/v1beta/${toName(name)}:cancel`, headers, body: '{}', thing, signal }));
    },
  };
}

/** A list of more pages never ends. */
const mostPages = 200;

/** As it may stand in an address. */
function toName(name: string): string {
  if (!/^batches\/[a-z0-9_-]{1,100}$/i.test(name)) throw new Error(`no name of a batch: ${name}`);
  return name;
}

const output = z.object({ responsesFile: z.string().optional(), fileName: z.string().optional() });

/** Google's pages and its SDK read results at different places, and write states in two ways. */
const operation = z.object({
  name: z.string(),
  metadata: z.object({
    displayName: z.string().default(''),
    state: z.string(),
    output: output.optional(),
    inputConfig: z.object({ fileName: z.string().optional() }).optional(),
  }),
  response: output.optional(),
  dest: output.optional(),
});

const states: Record<string, BatchState> = {
  SUCCEEDED: 'SUCCEEDED',
  PARTIALLY_SUCCEEDED: 'SUCCEEDED',
  FAILED: 'FAILED',
  CANCELLED: 'CANCELLED',
  EXPIRED: 'EXPIRED',
  PENDING: 'PENDING',
  QUEUED: 'PENDING',
};

function toBatch(json: unknown): RemoteBatch {
  const { data } = operation.safeParse(json);
  if (data === undefined) throw garbled();
  const { name, metadata, response, dest } = data;
  const place = [metadata.output, response, dest].find((each) => each?.responsesFile ?? each?.fileName);
  return {
    name,
    displayName: metadata.displayName,
    // Whatever else it says, it is not over.
    state: states[metadata.state.replace(/^(BATCH|JOB)_STATE_/, '')] ?? 'RUNNING',
    results: place?.responsesFile ?? place?.fileName,
    input: metadata.inputConfig?.fileName,
  };
}

const list = z.object({ operations: z.array(z.unknown()).default([]), nextPageToken: z.string().default('') });

async function readPage(service: Service, page: string, signal: AbortSignal): Promise<{ batches: RemoteBatch[]; next: string }> {
  const query = new URLSearchParams({ pageSize: '100', ...(page !== '' && { pageToken: page }) });
  const { json } = await askService(service, { path: `/v1beta/batches?${query}`, thing: 'your batches', signal });
  const { data } = list.safeParse(json);
  if (data === undefined) throw garbled();
  return { batches: data.operations.map(toBatch), next: data.nextPageToken };
}

function garbled(): ServiceError {
  return toGarbled('this batch');
}
