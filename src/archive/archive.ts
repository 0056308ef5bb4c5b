import { basename, join } from 'node:path';
import { type Draft, type DraftOptions, startDraft } from '../files/draft.ts';
import { makeOwnFolder, publish } from '../files/publish.ts';
import { inParts, isPlainFile, isSameFile, listNames, measure, readBytes } from '../files/read.ts';
import type { Settling } from '../files/settling.ts';
import { sniff } from '../media.ts';
import type { Exchange, Turn } from '../model/image-model.ts';
import { isSought, openContentIndex, type Sought } from './content-index.ts';
import { type DeliveredRecord, type ImageRecord, imageIdPattern, parseRecord, sumUp, toSha256 } from './record.ts';
import { createRemoval, type Removal } from './removal.ts';
import { createTidier, type Tidied, toOwner } from './tidy.ts';
import { keepExchange, loadExchange } from './turns.ts';

/** What is known of a picture before it is kept. */
export type NewRecord = Omit<ImageRecord, 'original' | 'turn'>;

/** What was said to make a picture, and the picture whose conversation it went on with. */
interface Said {
  exchange: Exchange;
  after?: string | undefined;
}

/** How a picture is kept. */
interface Keeping {
  said?: Said;
  /** What was written of it while it arrived. */
  draft?: Draft | undefined;
  /** What waits for the names of its files to be on the disk; absent, keeping it does. */
  settling?: Settling;
}

/** The conversation a picture came from, ready to go on with. */
export interface History {
  /** Oldest first, each as it was. */
  turns: readonly Turn[];
  /** Length of all of it as JSON. */
  length: number;
  /** Pictures in it; each is billed as input again. */
  pictures: number;
}

/** Why there is no conversation to go on with: none was kept, its answer held several pictures, or a part of it is gone. */
export type NoHistory = 'none' | 'several' | 'incomplete';

/** What outlives a call: originals, records and conversations, plain files in the state folder. */
export interface Archive extends Removal {
  /**
   * Puts a picture on disk as it came, with what was said to make it, both synced before anything else is done with it, and its record last, which `update` syncs.
   * Never throws: where the state folder cannot be written the record has no `original`, and is remembered while this process lives.
   */
  keep(record: NewRecord, bytes: Uint8Array, keeping?: Keeping): Promise<ImageRecord>;
  /** Begins to write an original that is still arriving. */
  draftOriginal(settling: Settling): Draft;
  /** Writes a record anew, with what is known since. Throws `cannot_write`. */
  update(record: ImageRecord, settling?: Settling): Promise<void>;
  /** Keeps a copy of a file that is about to be replaced, and says where. Throws `cannot_write`. */
  keepReplaced(file: { path: string; bytes: Uint8Array }): Promise<string>;
  find(id: string): Promise<ImageRecord | undefined>;
  /** The newest picture that has these bytes, as the model sent them or as they were delivered. */
  findByContent(sha256: string): Promise<ImageRecord | undefined>;
  /** The pictures of a call in their order. */
  ofCall(call: string): Promise<ImageRecord[]>;
  /** Delivered pictures, newest first, made in `folder` or anywhere. */
  newestFirst(folder?: string): AsyncGenerator<DeliveredRecord>;
  /** Every picture, newest first, delivered or not. */
  newestOfAll(): AsyncGenerator<ImageRecord>;
  /** Where an original lies that arrived under an id, when its record was not written any more. */
  findOriginal(id: string): Promise<string | undefined>;
  /** The conversation of a picture, or why there is none to go on with. */
  historyOf(record: ImageRecord): Promise<History | NoHistory>;
  /** Every record, oldest first. */
  all(): Promise<ImageRecord[]>;
  /** Finds out what the archive takes of the disk, where that is not known; done while the model works, so that nobody waits for it. */
  lookAround(): Promise<void>;
  /** Makes room below the cap, what matters least first; pictures and calls that `unclaimed` lists are left alone. */
  tidy(unclaimed: () => Promise<ReadonlySet<string>>): Promise<Tidied>;
}

const none = new Uint8Array();

/** Longest record that is read, in bytes: words of the caller and of the model, many times over. */
const maxRecordBytes = 5_000_000;

/** Longest conversation that is followed. */
const maxTurns = 200;

/** Opens the archive of a state folder; nothing is made until something is kept. */
export function openArchive(stateDir: string, maxBytes: number): Archive {
  const [images, turns, replaced] = [join(stateDir, 'images'), join(stateDir, 'turns'), join(stateDir, 'replaced')];
  const index = openContentIndex(join(stateDir, 'index.jsonl'), { listIds: listRecorded, read: readRecords });
  const tidier = createTidier({ images, turns, replaced, stateDir, maxBytes, readRecord });
  /** Records that could not be written, known while this process lives. */
  const own = new Map<string, ImageRecord>();
  let kept = true;

  /** A picture is kept whatever becomes of what is kept with it. */
  const forgoing = () => {
    kept = false;
    index.doubt();
    return undefined;
  };
  const recordPath = (id: string) => join(images, `${id}.json`);

  async function listRecorded(): Promise<string[]> {
    const ids = (await listNames(images)).flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -5)] : []));
    return ids.filter((id) => imageIdPattern.test(id));
  }

  async function readRecords(ids: readonly string[]): Promise<ImageRecord[]> {
    return (await inParts(ids, readRecord)).filter((record) => record !== undefined);
  }

  async function readAll(): Promise<ImageRecord[]> {
    return (await readRecords(await listRecorded())).sort((a, b) => a.at.localeCompare(b.at) || a.number - b.number);
  }

  async function readRecord(id: string): Promise<ImageRecord | undefined> {
    const mine = own.get(id);
    if (mine) return mine;
    const bytes = await readBytes(recordPath(id), maxRecordBytes);
    const record = bytes && parseRecord(Buffer.from(bytes).toString('utf8'));
    return record?.id === id ? atHome(record) : undefined;
  }

  /** Originals are in this folder and nowhere else, wherever it was when the record was written and whatever that says. */
  function atHome(record: ImageRecord): ImageRecord {
    const { original, ...rest } = record;
    if (original === undefined) return record;
    const name = basename(original.path);
    return toOwner(name) === record.id ? { ...rest, original: { ...original, path: join(images, name) } } : rest;
  }

  /** Ids of the pictures that are sought, newest first. */
  async function findIds(sought: Sought): Promise<Iterable<string>> {
    const found = await index.find(sought);
    if (kept) return found;
    const mine = [...own.values()].filter((record) => isSought(record, sought)).map(({ id }) => id);
    return new Set([...mine.reverse(), ...found]);
  }

  async function write(record: ImageRecord, options: Pick<DraftOptions, 'isLasting' | 'settling'>): Promise<void> {
    const text = Buffer.from(`${JSON.stringify(record, undefined, 2)}\n`);
    await publish(recordPath(record.id), text, 'replace', { mode: 0o600, ...options });
  }

  async function keepOriginal(id: string, bytes: Uint8Array, { draft, settling }: Keeping): Promise<string> {
    makeOwnFolder(images);
    // The answer of a batch can be taken again, after a crash between this and the record.
    const there = draft === undefined ? await findOriginal(id) : undefined;
    if (there !== undefined && Buffer.compare((await readBytes(there)) ?? none, bytes) === 0) return there;
    return publish(join(images, `${id}.${extensionOf(bytes)}`), bytes, 'number', { mode: 0o600, draft, settling });
  }

  async function findOriginal(id: string): Promise<string | undefined> {
    if (!imageIdPattern.test(id)) return undefined;
    for (const extension of ['jpg', 'png', 'webp', 'avif', 'bin']) {
      const path = join(images, `${id}.${extension}`);
      if (await isPlainFile(path)) return path;
    }
    return undefined;
  }

  /** Enters a picture in the index by the sum of its bytes, and resolves with that. */
  async function enterNew(record: NewRecord, bytes: Uint8Array): Promise<string> {
    const sha256 = await sumUp(bytes);
    await index.enter(record, sha256).catch(forgoing);
    return sha256;
  }

  async function keepTurn(record: NewRecord, bytes: Uint8Array, { exchange, after }: Said, settling?: Settling) {
    makeOwnFolder(turns);
    const turn = await keepExchange(turns, record.id, record.call, exchange, new Map([[record.id, bytes]]), settling);
    return { ...turn, ...(after && { after }) };
  }

  /** The picture itself and those its conversation came through, newest first; undefined when one is not known any more. */
  async function toChain(record: ImageRecord): Promise<ImageRecord[] | undefined> {
    const chain = [record];
    for (let at = record; at.turn?.after !== undefined; ) {
      const before = await readRecord(at.turn.after);
      if (before?.turn === undefined || chain.length >= maxTurns) return undefined;
      chain.push(before);
      at = before;
    }
    return chain;
  }

  async function readOriginal(id: string): Promise<Uint8Array | undefined> {
    const path = await findOriginal(id);
    return path === undefined ? undefined : readBytes(path);
  }

  async function findIn(ids: Iterable<string>, sha256: string): Promise<ImageRecord | undefined> {
    for (const id of ids) {
      const record = await readRecord(id);
      if (record?.original?.sha256 === sha256 || record?.delivered?.sha256 === sha256) return record;
    }
    return undefined;
  }

  async function ofCall(call: string): Promise<ImageRecord[]> {
    const records = await Promise.all([...(await findIds({ call }))].map(readRecord));
    return records
      .filter((record) => record !== undefined)
      .filter((record) => record.call === call)
      .sort((a, b) => a.number - b.number);
  }

  const removal = createRemoval({ images, turns, replaced, own, index, readRecord, findOriginal, ofCall });

  return {
    async keep(record, bytes, keeping = {}) {
      const { said, settling } = keeping;
      const [path, turn, sha256] = await Promise.all([
        keepOriginal(record.id, bytes, keeping).catch(forgoing),
        said && keepTurn(record, bytes, said, settling).catch(() => undefined),
        enterNew(record, bytes),
      ]);
      const whole: ImageRecord = { ...record, ...(path && { original: { path, bytes: bytes.length, sha256 } }), ...(turn && { turn }) };
      // A picture that arrived is delivered next, and its record written anew then.
      await write(whole, { isLasting: false }).catch(() => {
        own.set(record.id, whole);
        return forgoing();
      });
      tidier.added(bytes.length + (turn ? Math.ceil(turn.length * 0.76) : 0));
      return whole;
    },
    draftOriginal: (settling) => startDraft(images, { mode: 0o600, before: () => makeOwnFolder(images), settling }),
    async update(record, settling) {
      await index.enterMissing(record).catch(forgoing);
      await write(record, { settling }).catch((error) => {
        kept = false;
        own.set(record.id, record);
        throw error;
      });
      own.delete(record.id);
    },
    async keepReplaced({ path, bytes }) {
      const sha256 = toSha256(bytes);
      const [known] = await findIds({ sha256 });
      const record = known === undefined ? undefined : await readRecord(known);
      const { original } = record ?? {};
      // The very file that is about to be replaced keeps nothing.
      const isAnother = original !== undefined && !(await isSameFile(original.path, path));
      if (isAnother && original.sha256 === sha256 && (await measure(original.path))?.bytes === original.bytes) return original.path;
      makeOwnFolder(replaced);
      return publish(join(replaced, `${sha256.slice(0, 12)}-${basename(path)}`), bytes, 'number', { mode: 0o600 });
    },
    find: readRecord,
    async findByContent(sha256) {
      return (await findIn(await index.findAtHand({ sha256 }), sha256)) ?? findIn(await findIds({ sha256 }), sha256);
    },
    ofCall,
    async *newestFirst(folder) {
      for (const id of await findIds(folder === undefined ? {} : { folder })) {
        const record = await readRecord(id);
        if (record && isDelivered(record) && (folder === undefined || record.folder === folder)) yield record;
      }
    },
    async *newestOfAll() {
      for (const id of await findIds({})) {
        const record = await readRecord(id);
        if (record) yield record;
      }
    },
    findOriginal,
    async historyOf(record) {
      if (record.turn === undefined || record.turn.made === 0) return 'none';
      if (record.turn.made !== 1) return 'several';
      const chain = (await toChain(record)) ?? [];
      const exchanges = await Promise.all(chain.reverse().map((each) => loadExchange(turns, each, readOriginal)));
      const whole = exchanges.filter((exchange) => exchange !== undefined);
      if (whole.length === 0 || whole.length < exchanges.length) return 'incomplete';
      const kept = chain.flatMap(({ turn }) => (turn ? [turn] : []));
      return {
        turns: whole.flatMap(({ sent, received }) => [sent, received]),
        length: kept.reduce((sum, { length }) => sum + length, 0),
        pictures: kept.reduce((sum, { pictures }) => sum + pictures, 0),
      };
    },
    all: readAll,
    ...removal,
    lookAround: () => tidier.lookAround(),
    tidy: (unclaimed) => tidier.tidy(unclaimed),
  };
}

function isDelivered(record: ImageRecord): record is DeliveredRecord {
  return record.delivered !== undefined;
}

function extensionOf(bytes: Uint8Array): string {
  const kind = sniff(bytes);
  if (kind === 'jpeg') return 'jpg';
  return kind === 'png' || kind === 'webp' || kind === 'avif' ? kind : 'bin';
}
