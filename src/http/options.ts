/** What whoever runs the server chose. */
export interface TeamOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  /** The file of tokens; absolute. */
  tokens: string | undefined;
  /** The file with the secret of download links; absolute. */
  linkSecret: string | undefined;
  /** How long a link is good. */
  linkHours: number;
  /** The folder that holds every space; absolute. */
  spaces: string | undefined;
  /** How people reach the server, where that is another address than its own. */
  url: string | undefined;
  /** Tool calls at once: in all, and of each person whose entry says nothing. */
  calls: number;
  callsEach: number;
  requestsPerMinute: number;
  /** The port of the figures; 0: any free one. */
  metrics: number | undefined;
  metricsNames: boolean;
  logPrompts: boolean;
  /** How long what is under way may take once the server is told to stop. */
  drainSeconds: number;
}
