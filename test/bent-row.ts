export type BentTool = 'generate_image' | 'edit_image' | 'compose_images' | 'export_image';

interface Row {
  name: string;
  tool: BentTool;
  arguments: unknown;
}

/** Arguments as they come, and what they become or how they are refused. */
export type BentCall = (Row & { becomes: Record<string, unknown> }) | (Row & { refused: RegExp });

type Args = Record<string, unknown>;

/** Makes rows of a tool; what is `always` there need not be said. */
export function rowsOf(tool: BentTool, always: Args): (name: string, bent: Args, outcome: Args | RegExp) => BentCall {
  return (name, bent, outcome) => {
    const row = { name: `${tool.replace(/_.*/, '')}: ${name}`, tool, arguments: { ...always, ...bent } };
    return outcome instanceof RegExp ? { ...row, refused: outcome } : { ...row, becomes: { ...always, ...outcome } };
  };
}

/** A row whose arguments are said whole. */
export function whole(tool: BentTool, name: string, bent: unknown, outcome: Args | RegExp): BentCall {
  const row = { name: `${tool}, whole: ${name}`, tool, arguments: bent };
  return outcome instanceof RegExp ? { ...row, refused: outcome } : { ...row, becomes: outcome };
}
