import { toMediaType } from './media.ts';
import type { Remote } from './remote.ts';
import { toFileUri } from './resource-uris.ts';
import type { Outcome } from './run.ts';
import { cleanText, showPath } from './text.ts';

/** The outcome as JSON, without the previews. */
export function toFacts(outcome: Outcome, remote?: Remote) {
  const { plan, images, backend, model, dollars, estimated, failures, warnings, sources, searches } = outcome;
  return {
    call: outcome.call,
    tool: plan.tool,
    backend,
    model,
    asked: toAsked(plan),
    images: images.map(({ id, file, original, differences, record, cutOut, region }) => ({
      id,
      ...file,
      path: showPath(file.path),
      mediaType: toMediaType(file.format),
      background: record.finish.background ? 'transparent' : 'auto',
      alt: record.alt ?? null,
      original: original ? showPath(original.path) : null,
      differences,
      ...(cutOut && { alpha: { ...record.finish.background, ...cutOut } }),
      ...(region && { region }),
      ...(remote && { uri: toFileUri(id), url: remote.toLink?.({ image: id }).url ?? null }),
    })),
    parents: plan.inputs.map(({ id, path }) => ({ id: id ?? null, path: showPath(path) })),
    cost: { dollars: outcome.late ? 0 : (dollars ?? null), estimated, today: outcome.today.dollars },
    late: outcome.late ? { sentAt: outcome.late.toISOString(), paidThen: dollars ?? null } : null,
    history: plan.history ?? null,
    unclaimed: outcome.unclaimed.map(({ paths, ...call }) => ({ ...call, paths: paths.map(showPath) })),
    failures,
    warnings,
    text: cleanText(outcome.text, 4000),
    sources: sources.map(({ title, url }) => ({ title: cleanText(title, 200), url: cleanText(url, 1000) })),
    searches,
  };
}

function toAsked({ askedRatio, resolution, output, background, region }: Outcome['plan']) {
  const { format, width, height, maxKb } = output;
  return {
    aspectRatio: askedRatio ?? null,
    resolution,
    format: format ?? null,
    width: width ?? null,
    height: height ?? null,
    background: background ? 'transparent' : 'auto',
    maxKb: maxKb ?? null,
    region: region?.described ?? null,
  };
}
