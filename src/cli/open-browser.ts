import { spawn } from 'node:child_process';

/** Opens an address in the person's browser. No shell sees it. Resolves with whether something took it. */
export async function openBrowser(url: string, platform: NodeJS.Platform): Promise<boolean> {
  const [command, ...args] = toCommand(platform);
  const opening = spawn(command, [...args, url], { stdio: 'ignore', detached: true, windowsHide: true });
  return new Promise((resolve) => {
    opening.once('error', () => resolve(false));
    // It may stay for as long as the browser does.
    opening.once('spawn', () => setTimeout(() => resolve(true), 1000).unref());
    opening.once('exit', (code) => resolve(code === 0));
    opening.unref();
  });
}

function toCommand(platform: NodeJS.Platform): [string, ...string[]] {
  if (platform === 'darwin') return ['open'];
  return platform === 'win32' ? ['rundll32', 'url.dll,FileProtocolHandler'] : ['xdg-open'];
}
