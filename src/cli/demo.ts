import { basename } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { chooseModel } from '../model/catalog.ts';
import { estimatePrice } from '../model/price.ts';
import { formatBytes, formatDollars, formatSize } from '../text.ts';
import { refuseArguments } from './arguments.ts';
import type { CliContext } from './context.ts';

const usage = 'Usage: limner demo';

/** What a program reads from a result's `_meta`. */
const resultMeta = z.object({
  'limner/result': z.object({
    images: z
      .array(z.object({ id: z.string(), path: z.string(), width: z.number(), height: z.number(), format: z.string(), bytes: z.number() }))
      .min(1),
    cost: z.object({ dollars: z.number().nullable() }),
  }),
});

interface Step {
  title: string;
  tool: string;
  /** Arguments, given the paths of the files of the steps before. */
  arguments(paths: readonly string[]): Record<string, unknown>;
  pictures: number;
}

const steps: readonly Step[] = [
  {
    title: 'Generate',
    tool: 'generate_image',
    arguments: () => ({ prompt: 'Teal mountains and a gold sunrise, flat illustration', aspect_ratio: '16:9' }),
    pictures: 0,
  },
  {
    title: 'Edit',
    tool: 'edit_image',
    arguments: ([morning]) => ({ prompt: 'Make it a winter evening with falling snow; keep the mountains as they are', image: morning }),
    pictures: 1,
  },
  {
    title: 'Compose',
    tool: 'compose_images',
    arguments: ([morning, winter]) => ({
      prompt: 'A postcard: image 1 on the left half, image 2 on the right half, and the words "Two seasons"',
      images: [morning, winter],
      format: 'png',
    }),
    pictures: 2,
  },
];

/**
 * The main job for real: starts the built server as a child, talks to it with an MCP client, and makes three pictures, each from the ones before.
 * Without a key it takes the stand-in. Resolves with the exit code.
 */
export async function demoCommand(args: string[], context: CliContext): Promise<number> {
  const { config, server, print } = context;
  if (args.length > 0) return refuseArguments(`The demo takes no arguments; "${args.join(' ')}" came.`, usage, context);
  if (config.problems.length > 0) return 1;
  const isReal = config.backend === 'vertex' || (config.backend === 'gemini' && config.apiKey !== undefined);
  print(isReal ? announceCost(config) : 'limner demo with stand-in drawings: no key is used, nothing is sent, nothing is paid.');
  const env = isReal ? server.env : { ...server.env, LIMNER_BACKEND: 'standin' };
  const client = new Client({ name: 'limner-demo', version: '1' });
  await client.connect(new StdioClientTransport({ ...server, env }));
  const paths: string[] = [];
  try {
    for (const [index, step] of steps.entries()) paths.push(await runStep(client, step, index, paths, print));
  } catch (error) {
    print(`\nThe demo stopped: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    await client.close();
  }
  print(`\n${paths.length} files:\n${paths.join('\n')}`);
  return 0;
}

function announceCost(config: Config): string {
  const { model } = chooseModel(config.model, config.backend);
  const costs = steps.map(
    ({ pictures }) =>
      estimatePrice(model, { resolution: '1K', promptLength: 100, pictures, webSearch: false }, config.budget.pricePerImage)?.likely,
  );
  const total = costs.every((cost) => cost !== undefined)
    ? `about ${formatDollars(costs.reduce((sum, cost) => sum + cost, 0))}`
    : 'an unknown amount';
  return `limner demo with ${config.backend === 'vertex' ? 'Vertex AI' : "Google's Gemini API"} (${model.id}): ${steps.length} pictures at 1K will cost ${total}.`;
}

async function runStep(
  client: Client,
  step: Step,
  index: number,
  paths: readonly string[],
  print: (line: string) => void,
): Promise<string> {
  const args = step.arguments(paths);
  print(`\n[${index + 1}/${steps.length}] ${step.title}: ${args.prompt}`);
  const started = performance.now();
  let shown = '';
  const onprogress = ({ message = '' }: { message?: string | undefined }) => {
    if (message !== shown) print(`      ${message}`);
    shown = message;
  };
  const result = await client.callTool(
    { name: step.tool, arguments: args },
    { onprogress, timeout: 300_000, resetTimeoutOnProgress: true },
  );
  const text = result.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n');
  if (result.isError) throw new Error(text.trim());
  const { images, cost } = resultMeta.parse(result._meta)['limner/result'];
  const [image] = images;
  if (image === undefined) throw new Error('the result names no file');
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  print(
    `      ${basename(image.path)}: ${formatSize(image)} ${image.format}, ${formatBytes(image.bytes)}, ${cost.dollars === null ? 'cost unknown' : formatDollars(cost.dollars)}, ${seconds} s`,
  );
  return image.path;
}
