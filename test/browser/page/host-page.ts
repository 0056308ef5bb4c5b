import type { CallToolResult, ReadResourceResult } from '@modelcontextprotocol/client';
import {
  AppBridge,
  buildAllowAttribute,
  type McpUiHostCapabilities,
  type McpUiHostContext,
  PostMessageTransport,
} from '@modelcontextprotocol/ext-apps/app-bridge';

/** What the test answers for the server, and hears. */
declare global {
  interface Window {
    callTool(params: object): Promise<CallToolResult>;
    readResource(params: object): Promise<ReadResourceResult>;
    hear(what: string, params: object): Promise<void>;
    startHost: typeof startHost;
  }
}

interface Shown {
  sandbox: string;
  html: string;
  capabilities: McpUiHostCapabilities;
  context: McpUiHostContext;
  args: Record<string, unknown> | undefined;
  result: CallToolResult;
}

/** A host as ext-apps has it: the page in a sandbox on another origin, which is told what a tool was asked and brought. */
async function startHost({ sandbox, html, capabilities, context, args, result }: Shown): Promise<void> {
  const frame = document.createElement('iframe');
  frame.src = sandbox;
  frame.style.cssText = 'border:0;width:100%;height:100px;display:block';
  frame.title = 'App';
  frame.allow = buildAllowAttribute({});
  document.body.append(frame);
  const target = frame.contentWindow;
  if (target === null) throw new Error('The frame has no window.');
  const bridge = new AppBridge(null, { name: 'test-host', version: '1' }, capabilities, { hostContext: context });
  bridge.onsandboxready = () => void bridge.sendSandboxResourceReady({ html, sandbox: 'allow-scripts' });
  bridge.onsizechange = ({ height }) => {
    void window.hear('size', { height });
    if (height !== undefined) frame.style.height = `${height}px`;
  };
  bridge.oncalltool = async (params) => window.callTool(params);
  bridge.onreadresource = async (params) => window.readResource(params);
  bridge.onmessage = async (params) => {
    await window.hear('message', params);
    return {};
  };
  bridge.onupdatemodelcontext = async (params) => {
    await window.hear('context', params);
    return {};
  };
  bridge.onrequestdisplaymode = async ({ mode }) => {
    await window.hear('mode', { mode });
    return { mode };
  };
  bridge.oninitialized = async () => {
    if (args) await bridge.sendToolInput({ arguments: args });
    await bridge.sendToolResult(result);
  };
  await bridge.connect(new PostMessageTransport(target, target));
}

window.startHost = startHost;
