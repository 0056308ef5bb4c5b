import { entryName, published } from './entry.ts';

/** A link that has a host add the published package after asking the person. */
export interface InstallLink {
  host: string;
  url: string;
}

/** Each as its host documents it; Cursor's goes by its site, since GitHub shows no links that begin with cursor:. */
export const installLinks: readonly InstallLink[] = [
  { host: 'Cursor', url: toUrl('https://cursor.com/en/install-mcp', Buffer.from(JSON.stringify(published)).toString('base64')) },
  { host: 'VS Code', url: toUrl('https://vscode.dev/redirect/mcp/install', JSON.stringify({ type: 'stdio', ...published })) },
  {
    host: 'VS Code Insiders',
    url: `${toUrl('https://insiders.vscode.dev/redirect/mcp/install', JSON.stringify({ type: 'stdio', ...published }))}&quality=insiders`,
  },
];

function toUrl(address: string, config: string): string {
  return `${address}?name=${entryName}&config=${encodeURIComponent(config)}`;
}
