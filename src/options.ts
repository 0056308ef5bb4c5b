/** Name, values, default and meaning of every setting; the README's table is made from it. */
export const options = [
  { name: 'GEMINI_API_KEY', values: 'key', default: 'none', meaning: 'Your Gemini API key. `GOOGLE_API_KEY` is read too; this one wins.' },
  { name: 'GOOGLE_API_KEY', values: 'key', default: 'none', meaning: 'The same under its other name.' },
  {
    name: 'GOOGLE_GEMINI_BASE_URL',
    values: 'URL',
    default: "Google's",
    meaning:
      'Another address that speaks the Gemini API, with a path where it has one: https, or http on this computer. The key is sent there and nowhere else.',
  },
  {
    name: 'LIMNER_BACKEND',
    values: '`gemini`, `vertex`, `standin`',
    default: '`gemini`',
    meaning:
      'Who makes the pictures: the Gemini API, the same models on Vertex AI, or nobody: `standin` draws labelled stand-ins, with no key, no network, no cost.',
  },
  {
    name: 'GOOGLE_CLOUD_PROJECT',
    values: 'project id',
    default: 'none',
    meaning: 'With `vertex`: the Google Cloud project that is asked and pays.',
  },
  {
    name: 'GOOGLE_CLOUD_LOCATION',
    values: '`global`, a region',
    default: '`global`',
    meaning: 'With `vertex`: where it is asked. Not every region has every model.',
  },
  {
    name: 'GOOGLE_APPLICATION_CREDENTIALS',
    values: 'absolute path',
    default: "gcloud's own file, else the metadata server",
    meaning: 'With `vertex`: a file of credentials: of a service account, of a user, or of one that acts as a service account.',
  },
  {
    name: 'GOOGLE_VERTEX_BASE_URL',
    values: 'URL',
    default: "Google's for the location",
    meaning: 'With `vertex`: another address that speaks Vertex AI, under the rules of `GOOGLE_GEMINI_BASE_URL`.',
  },
  { name: 'LIMNER_MODEL', values: '`flash`, `pro`, `lite`, a model id', default: '`flash`', meaning: 'The model when a call names none.' },
  {
    name: 'LIMNER_OUTPUT_DIR',
    values: 'folder',
    default: '`generated-images` in the project folder, else `Pictures/limner` in your home',
    meaning: 'Where a picture goes when the call names no place.',
  },
  {
    name: 'LIMNER_ALLOWED_DIRS',
    values: 'folders, joined by `:` (Windows: `;`)',
    default: 'none',
    meaning: 'Further folders pictures may be read from and written to, beside the project folder and the output folder.',
  },
  {
    name: 'LIMNER_ALLOW_URLS',
    values: '`off`, `on`, host names such as `images.example.com, *.example.org`',
    default: '`off`',
    meaning:
      'Whether a picture argument may be an https address: of any public host, or of those listed only (`*.` means every name below). Needs a list where a proxy is set; hosts are asked directly.',
  },
  {
    name: 'LIMNER_STATE_DIR',
    values: 'absolute folder',
    default: '`~/.local/state/limner`, macOS `~/Library/Application Support/limner`, Windows `%LOCALAPPDATA%\\limner`',
    meaning: 'Where originals, conversations, replaced pictures, records and the ledger are kept.',
  },
  {
    name: 'LIMNER_PREVIEW',
    values: '`1024`, `768`, `512`, `none`',
    default: '`1024`',
    meaning: 'Longest edge in pixels of the preview the agent sees.',
  },
  {
    name: 'LIMNER_TIMEOUT_MS',
    values: '1000 – 3600000',
    default: '`240000`',
    meaning: 'Time for one call, retries included, in milliseconds.',
  },
  {
    name: 'LIMNER_ARCHIVE_MAX_GB',
    values: 'number',
    default: '`2`',
    meaning: 'What the archive may take of the disk, in gigabytes; what matters least is removed first, an undelivered picture never.',
  },
  {
    name: 'LIMNER_BUDGET_USD_PER_DAY',
    values: 'number',
    default: 'none',
    meaning: 'Most that may be spent in a calendar day, by all servers of this person together. No tool argument raises it.',
  },
  {
    name: 'LIMNER_BUDGET_USD_PER_CALL',
    values: 'number',
    default: 'none',
    meaning: 'Most that one call may cost; where the host can ask the person, it asks, else the call is refused.',
  },
  {
    name: 'LIMNER_PRICE_USD_PER_IMAGE',
    values: 'number',
    default: 'none',
    meaning: 'Price of a picture of a model whose price limner does not know; without it a budget refuses such models.',
  },
  {
    name: 'LIMNER_MAX_REPEATS',
    values: '0 – 999999',
    default: '`50`',
    meaning: 'Identical calls within ten minutes before limner takes them for a runaway loop; 0: any number.',
  },
  {
    name: 'LIMNER_TOOLS',
    values: 'words joined by commas: `batch`',
    default: 'none',
    meaning: 'Tools beside the four: `batch` lists `start_batch` and `collect_batch`, for many pictures at half the price.',
  },
] as const;

export type OptionName = (typeof options)[number]['name'];
