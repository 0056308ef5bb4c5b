/** Pixels, width first. */
export type Pixels = readonly [width: number, height: number];

/** Google's table at 1K: landscape and square; portrait mirrors it, 2K doubles and 4K quadruples it. */
const documented: Record<string, Pixels> = {
  '1:1': [1024, 1024],
  '3:2': [1264, 848],
  '4:3': [1200, 896],
  '5:4': [1152, 928],
  '16:9': [1376, 768],
  '21:9': [1584, 672],
  '4:1': [2048, 512],
  '8:1': [3072, 384],
};

/** Google's column for 512, which halves no other one exactly. */
const documentedAt512: Record<string, Pixels> = {
  '1:1': [512, 512],
  '3:2': [632, 424],
  '4:3': [600, 448],
  '5:4': [576, 464],
  '16:9': [688, 384],
  '21:9': [792, 336],
  '4:1': [1024, 256],
  '8:1': [1536, 192],
};

/** What live answers measured instead, by ratio and size; the table is only approximate. */
const measured: Record<string, Pixels> = {
  '16:9 1K': [1408, 768],
  '16:9 2K': [2816, 1536],
  '16:9 4K': [5632, 3072],
  '1:4 1K': [512, 2064],
  '8:1 1K': [2928, 352],
  '8:1 2K': [5856, 704],
  'none 512': [704, 384],
};

const measuredOnPro: Record<string, Pixels> = { '16:9 2K': [2752, 1536] };

/** The pixels Google really returns: the measured ones where they are known, else the documented ones. No ratio means 16:9, as usual live. */
export function pixelsOf(model: string, aspectRatio: string | undefined, imageSize: string | undefined): Pixels {
  const size = imageSize?.startsWith('512') ? '512' : (imageSize ?? '1K');
  const ratio = aspectRatio ?? '16:9';
  const onPro = model.includes('pro') ? measuredOnPro[`${ratio} ${size}`] : undefined;
  return onPro ?? measured[`${aspectRatio ?? 'none'} ${size}`] ?? measured[`${ratio} ${size}`] ?? fromTable(ratio, size);
}

function fromTable(ratio: string, size: string): Pixels {
  const table = size === '512' ? documentedAt512 : documented;
  const factor = size === '2K' ? 2 : size === '4K' ? 4 : 1;
  const landscape = table[ratio];
  if (landscape) return [landscape[0] * factor, landscape[1] * factor];
  const [height, width] = table[ratio.split(':').reverse().join(':')] ?? [1024, 1024];
  return [width * factor, height * factor];
}
