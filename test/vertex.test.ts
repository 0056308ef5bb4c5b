import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test as unit } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { toSentence } from '../src/fault.ts';
import { createTokenSource } from '../src/model/access-token.ts';
import { createRedactor } from '../src/redactor.ts';
import { test as base, type Computer } from './fixtures.ts';
import { answers, startGoogle, testKey } from './google/index.ts';
import { type CompanyNetwork, startCompany } from './google/network.ts';
import { type SignIn, startSignIn } from './google/sign-in.ts';
import { project, startVertex, type Vertex } from './google/vertex.ts';
import { modelMissing, serviceDisabled, vertexAnswers } from './google/vertex-errors.ts';
import { runCli, small } from './raw.ts';

const test = base.extend<{ vertex: Vertex; signIn: SignIn; company: CompanyNetwork }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the pattern
  vertex: async ({}, use) => {
    const vertex = await startVertex();
    vertex.always(answers.picture(small));
    await use(vertex);
    await vertex.close();
  },
  signIn: async ({ vertex }, use) => {
    const signIn = await startSignIn(() => vertex.issue());
    await use(signIn);
    await signIn.close();
  },
  /** Google's own names lead to the local servers. */
  company: async ({ vertex, signIn }, use) => {
    const hosts = {
      'aiplatform.googleapis.com': vertex.url,
      'us-central1-aiplatform.googleapis.com': vertex.url,
      'oauth2.googleapis.com': signIn.url,
      'iamcredentials.googleapis.com': signIn.url,
    };
    const company = await startCompany({ hosts });
    await use(company);
    await company.close();
  },
});

const fox = { prompt: 'A red fox' };

/** A server's environment with credentials in a file, past the metadata server. */
async function withFile(computer: Computer, company: CompanyNetwork, content: unknown): Promise<Record<string, string>> {
  const path = await computer.write('../credentials.json', typeof content === 'string' ? content : JSON.stringify(content));
  await chmod(path, 0o600);
  return {
    ...{ ...company.env, LIMNER_BACKEND: 'vertex', GOOGLE_CLOUD_PROJECT: project },
    ...{ GOOGLE_APPLICATION_CREDENTIALS: path, METADATA_SERVER_DETECTION: 'none' },
  };
}

describe('the same tools', () => {
  test('make a picture, edit it with its conversation, and say what it cost; a key that is set as well goes nowhere', async ({
    start,
    vertex,
    computer,
  }) => {
    const google = await startGoogle();
    const limner = await start({ env: { ...vertex.env, GEMINI_API_KEY: testKey, GOOGLE_GEMINI_BASE_URL: google.url } });
    const made = await limner.call('generate_image', { ...fox, output: 'fox.jpg' });
    expect(made.isError, made.text).toBe(false);
    expect(made.text).toMatch(/Model gemini-nano-banana-2\.1, 1K, cost \$0\.03\d/);
    const edited = await limner.call('edit_image', { prompt: 'Make it blue', image: 'fox.jpg', format: 'png' });
    expect(edited.isError, edited.text).toBe(false);
    expect(edited.text).toContain("The model's own bytes, with the metadata Vertex AI gave them: ");
    expect(vertex.requests.map(({ refused, images }) => [refused, images.length])).toEqual([
      [undefined, 0],
      [undefined, 0],
    ]);
    const [, second] = vertex.requests;
    expect(second?.body).toMatchObject({ contents: [{ role: 'user' }, { role: 'model' }, { role: 'user' }] });
    expect(google.requests).toEqual([]);
    const record = await readFile(join(computer.state, 'images', `${made.facts?.images[0]?.id}.json`), 'utf8');
    expect(JSON.parse(record)).toMatchObject({ backend: 'vertex' });
    await google.close();
  });

  test('answer as the command line prints it: stdout has nothing of any library', async ({ computer, vertex }) => {
    const noisy = { GOOGLE_SDK_NODE_LOGGING: 'all', DEBUG: '*', GEMINI_API_KEY: testKey, GOOGLE_API_KEY: testKey };
    const { code, stdout, stderr } = await runCli(computer, ['generate', 'A red fox', '-q', '-o', 'fox.jpg'], { ...vertex.env, ...noisy });
    expect([code, stdout]).toEqual([0, `${join(computer.project, 'fox.jpg')}\n`]);
    for (const token of [...vertex.tokens, testKey]) expect(stdout + stderr).not.toContain(token.slice(0, 24));
  });

  test('send no larger picture than Vertex AI takes inside a request', async ({ start, vertex }) => {
    vertex.always(answers.picture({ noise: true, width: 2600, height: 1400, signatureBytes: 0 }));
    const limner = await start({ env: vertex.env });
    expect((await limner.call('generate_image', { ...fox, output: 'noise.jpg', resolution: '2K' })).isError).toBe(false);
    vertex.always(answers.picture(small));
    const edited = await limner.call('edit_image', { prompt: 'Blue', image: 'noise.jpg', resolution: '2K' });
    expect(edited.isError, edited.text).toBe(false);
    expect(edited.text).toMatch(/holds a picture larger than Vertex AI takes inside a request \(7\.0 MB\)\. It is edited by itself/);
    expect(vertex.requests.map(({ refused }) => refused)).toEqual([undefined, undefined]);
    expect(Math.max(...vertex.requests.flatMap(({ images }) => images.map(({ bytes }) => bytes.length)))).toBeLessThan(7_000_000);
  });

  test('know its models: one is there that the Gemini API has switched off', async ({ start, vertex }) => {
    const limner = await start({ env: vertex.env });
    const { text, isError } = await limner.call('generate_image', { ...fox, model: 'gemini-2.5-flash-image' });
    expect(isError, text).toBe(false);
    expect(text).toMatch(/off on Vertex AI on 15 March 2027/);
    expect(vertex.requests.map(({ model }) => model)).toEqual(['gemini-2.5-flash-image']);
  });
});

describe('credentials', () => {
  test.for([
    ['a service account', (signIn: SignIn) => signIn.serviceAccount, ['jwt-bearer'], undefined],
    ['a user', (signIn: SignIn) => signIn.user, ['refresh_token'], 'quota-project-42'],
    ['an account that is acted as', (signIn: SignIn) => signIn.impersonated, ['refresh_token', 'impersonation'], undefined],
  ] as const)(
    'of %s: one token for many pictures, and nothing is asked of others',
    async ([, pick, asked, quotaProject], { start, vertex, signIn, company, computer }) => {
      const limner = await start({ env: await withFile(computer, company, pick(signIn)) });
      for (const prompt of ['A red fox', 'A blue fox']) {
        const { text, isError } = await limner.call('generate_image', { prompt });
        expect(isError, text).toBe(false);
      }
      expect(signIn.asked).toEqual(asked);
      expect(new Set(vertex.tokens).size).toBe(1);
      expect(vertex.quotaProjects).toEqual([quotaProject, quotaProject]);
      expect(new Set(company.connects.map((each) => each.replace(/:443$/, '')))).toEqual(
        new Set([...(asked.length > 1 ? ['iamcredentials.googleapis.com'] : []), 'oauth2.googleapis.com', 'aiplatform.googleapis.com']),
      );
    },
  );

  test('of gcloud are found where it writes them, and the location chooses the host', async ({
    start,
    vertex,
    signIn,
    company,
    computer,
  }) => {
    const folder = join(computer.home, '.config', 'gcloud');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'application_default_credentials.json'), JSON.stringify(signIn.user));
    const env = { LIMNER_BACKEND: 'vertex', GOOGLE_CLOUD_PROJECT: project, GOOGLE_CLOUD_LOCATION: 'us-central1' };
    const limner = await start({ env: { ...company.env, ...env } });
    const { text } = await limner.call('generate_image', fox);
    expect(text).toMatch(/Vertex AI does not offer this in "us-central1"; .*GOOGLE_CLOUD_LOCATION/);
    expect(company.connects).toContain('us-central1-aiplatform.googleapis.com:443');
    expect(vertex.requests).toHaveLength(1);
  });

  test('that were taken back are had anew, once; then it is said who has to do what', async ({ start, vertex }) => {
    const limner = await start({ env: vertex.env });
    await limner.call('generate_image', fox);
    vertex.revoke();
    const again = await limner.call('generate_image', { prompt: 'A second fox' });
    expect(again.isError, again.text).toBe(false);
    expect(vertex.requests.map(({ refused }) => refused === undefined)).toEqual([true, false, true]);
  });

  const refusals: readonly (readonly [name: string, content: (signIn: SignIn) => unknown, says: RegExp])[] = [
    ['are no JSON', () => 'refresh-token-0123456789', /is no file of credentials limner takes/],
    ['are a list', () => [], /is no file of credentials limner takes/],
    ['lack the key', ({ serviceAccount: { private_key: _key, ...rest } }) => rest, /is no file of credentials limner takes/],
    [
      'have a key that is none',
      ({ serviceAccount }) => ({ ...serviceAccount, private_key: 'refresh-token-0123456789' }),
      /the private key in it is not readable/,
    ],
    [
      'run a program',
      () => ({ type: 'external_account', credential_source: { executable: { command: '/bin/sh -c "touch /tmp/x"' } } }),
      /is of an external account\. limner does not take those, since such a file names programs to run/,
    ],
    ['are of another cloud', ({ user }) => ({ ...user, universe_domain: 'evil.example' }), /is of another cloud than googleapis\.com/],
    [
      'act as an account elsewhere',
      ({ impersonated }) => ({
        ...impersonated,
        service_account_impersonation_url: 'https://evil.example/a@b.example:generateAccessToken',
      }),
      /is no file of credentials limner takes/,
    ],
  ];
  test.for(refusals)('that %s are refused in words, and shown nowhere', async ([, content, says], { signIn }) => {
    const given = content(signIn);
    const readText = async () => (typeof given === 'string' ? given : JSON.stringify(given));
    const source = createTokenSource({
      places: { file: '/c.json', isNamed: true, metadata: undefined },
      readText,
      redactor: createRedactor([]),
      proxy: undefined,
    });
    const found = await source.find(new AbortController().signal);
    expect(found).toMatchObject({ failure: { error: { code: 'no_key', message: expect.stringMatching(says) }, maxRequests: 1 } });
    const message = 'failure' in found ? found.failure.error.message : '';
    expect(message).toContain('gcloud auth application-default login');
    expect(message).not.toMatch(/refresh-token-0123456789|PRIVATE KEY/);
    expect(signIn.asked).toEqual([]);
  });

  test('that run a program stop the call, free, and run none', async ({ start, company, computer, vertex }) => {
    const executable = { command: `touch ${join(computer.project, 'ran')}` };
    const env = await withFile(computer, company, { type: 'external_account', credential_source: { executable } });
    const { text, code } = await (await start({ env })).call('generate_image', fox);
    expect([code, text]).toEqual(['no_key', expect.stringMatching(/is of an external account/)]);
    expect([vertex.requests, company.connects]).toEqual([[], []]);
    expect(await readdir(computer.project)).not.toContain('ran');
  });

  test('whose file says that tokens are to be had elsewhere are shown to Google all the same', async ({
    start,
    signIn,
    company,
    computer,
  }) => {
    const elsewhere = { ...signIn.serviceAccount, token_uri: 'https://evil.example/token', auth_uri: 'https://evil.example/auth' };
    const limner = await start({ env: await withFile(computer, company, elsewhere) });
    expect((await limner.call('generate_image', fox)).isError).toBe(false);
    expect(company.connects.join()).not.toContain('evil');
  });

  test('that have expired say who has to sign in; the token is in no answer and no log', async ({
    start,
    signIn,
    company,
    computer,
    vertex,
  }) => {
    signIn.refuse('invalid_grant');
    const limner = await start({ env: await withFile(computer, company, signIn.user) });
    const { text, code } = await limner.call('generate_image', fox);
    expect(code).toBe('key_rejected');
    expect(text).toMatch(/does not take the sign-in of this user any more: expired, revoked.*gcloud auth application-default login/);
    expect(text + limner.log()).not.toContain('refresh-token-0123456789');
    expect(vertex.requests).toEqual([]);
  });

  test('that are nowhere: what to run; the computer is asked whether it is one of Google’s', async ({ start }) => {
    const env = { LIMNER_BACKEND: 'vertex', GOOGLE_CLOUD_PROJECT: project, GCE_METADATA_HOST: '127.0.0.1:1' };
    const { text, code } = await (await start({ env })).call('generate_image', fox);
    expect(code).toBe('no_key');
    expect(text).toMatch(/No Google credentials were found.*gcloud auth application-default login/);
  });

  test('are known to the redactor: a token that an answer repeats is shown nowhere, and none goes out in a prompt', async ({
    start,
    vertex,
  }) => {
    vertex.always((request) => answers.picture({ ...small, text: `Your token is ${vertex.tokens.at(-1)}` })(request));
    const limner = await start({ env: vertex.env });
    const { text } = await limner.call('generate_image', fox);
    expect(text).toContain('[redacted]');
    const [token = ''] = vertex.tokens;
    expect(text + limner.log()).not.toContain(token.slice(10, 30));
    const leaked = await limner.call('generate_image', { prompt: `Write ${token} on a wall` });
    expect([leaked.code, vertex.requests.length]).toEqual(['invalid_argument', 1]);
  });
});

describe('settings', () => {
  const load = (env: Record<string, string>) =>
    loadConfig({ env, userFile: undefined, cwd: '/home/ada/work', cwdWritable: true, home: '/home/ada', platform: 'linux' });
  const good = { LIMNER_BACKEND: 'vertex', GOOGLE_CLOUD_PROJECT: project };

  unit.for([
    [{ GOOGLE_CLOUD_PROJECT: '' }, /GOOGLE_CLOUD_PROJECT is not set: set it to the id/],
    [{ GOOGLE_CLOUD_PROJECT: '../../evil' }, /GOOGLE_CLOUD_PROJECT is "\.\.\/\.\.\/evil"; it must be the id of a project/],
    [{ GOOGLE_CLOUD_LOCATION: 'evil.example/' }, /GOOGLE_CLOUD_LOCATION is "evil\.example\/"; it must be global, or a region/],
    [
      { GOOGLE_VERTEX_BASE_URL: 'http://vertex.example' },
      /GOOGLE_VERTEX_BASE_URL is "http:\/\/vertex\.example": the key would travel in clear/,
    ],
    [{ GOOGLE_APPLICATION_CREDENTIALS: 'here.json' }, /GOOGLE_APPLICATION_CREDENTIALS is "here\.json"; it must be an absolute path/],
    [{ GCE_METADATA_HOST: 'evil/path' }, /GCE_METADATA_HOST is "evil\/path"; it must be a host/],
  ] as const)('that are wrong are one problem each: %o', ([env, says]) => {
    expect(load({ ...good, ...env }).problems.map(toSentence)).toEqual([expect.stringMatching(says)]);
    // Other programs have these variables as well.
    expect(load({ ...good, ...env, LIMNER_BACKEND: 'gemini' }).problems).toEqual([]);
  });

  unit('that are right: ids, numbers and ids under a domain; a region in capitals; gcloud’s own folder', () => {
    for (const GOOGLE_CLOUD_PROJECT of ['my-project-123', '123456789012', 'example.com:my-project'])
      expect(load({ ...good, GOOGLE_CLOUD_PROJECT, GOOGLE_CLOUD_LOCATION: 'Europe-West4' })).toMatchObject({
        problems: [],
        vertex: { location: 'europe-west4' },
      });
    const known = 'application_default_credentials.json';
    expect(load(good).vertex.credentials).toEqual({
      file: `/home/ada/.config/gcloud/${known}`,
      isNamed: false,
      metadata: 'http://169.254.169.254',
    });
    expect(load({ ...good, CLOUDSDK_CONFIG: '/gcloud', METADATA_SERVER_DETECTION: 'none' }).vertex.credentials).toMatchObject({
      file: `/gcloud/${known}`,
      metadata: undefined,
    });
  });

  test('without a project every call is refused, free and in words', async ({ start, vertex }) => {
    const { text, code } = await (await start({ env: { ...vertex.env, GOOGLE_CLOUD_PROJECT: '' } })).call('generate_image', fox);
    expect([code, text]).toEqual(['settings', expect.stringMatching(/GOOGLE_CLOUD_PROJECT is not set/)]);
    expect([vertex.requests, vertex.others]).toEqual([[], []]);
  });
});

describe('errors', () => {
  test('are said in Google Cloud’s terms, and cost nothing', async ({ start, vertex }) => {
    const limner = await start({ env: vertex.env });
    const rows = [
      [
        'serviceDisabled',
        'permission',
        /not enabled in the project .*gcloud services enable aiplatform\.googleapis\.com --project limner-test-project/,
      ],
      ['billingDisabled', 'billing', /has no billing account/],
      ['projectGone', 'permission', /There is no Google Cloud project "limner-test-project"/],
      ['quotaProjectDenied', 'permission', /gcloud auth application-default set-quota-project limner-test-project/],
    ] as const;
    for (const [name, wanted, says] of rows) {
      vertex.always(vertexAnswers[name]());
      const { code, text } = await limner.call('generate_image', { prompt: name });
      expect([name, code]).toEqual([name, wanted]);
      expect(text).toMatch(says);
      expect(text).not.toMatch(/AI Studio|GEMINI_API_KEY|may have been billed/);
    }
    expect(vertex.requests).toHaveLength(rows.length);
  });

  test('another project, a model that is not there, and Model Armor are told apart', async ({ start, vertex }) => {
    const other = await start({ env: { ...vertex.env, GOOGLE_CLOUD_PROJECT: 'another-project' } });
    expect((await other.call('generate_image', fox)).text).toMatch(
      /may not use Vertex AI in the project "another-project" \(global\).*roles\/aiplatform\.user/,
    );
    const limner = await start({ env: vertex.env });
    const missing = await limner.call('generate_image', { ...fox, model: 'gemini-9-image' });
    expect([missing.code, missing.text]).toEqual(['model_gone', expect.stringMatching(/no image model "gemini-9-image" in "global"/)]);
    vertex.next(answers.refusal('MODEL_ARMOR'), answers.blocked('MODEL_ARMOR'));
    for (const prompt of ['One', 'Two']) {
      const { code, text } = await limner.call('generate_image', { prompt });
      expect([code, text]).toEqual(['refused', expect.stringMatching(/Model Armor, a filter the Google Cloud project has set up/)]);
    }
  });

  test('no room at the moment is waited for, then told with when to come again', async ({ start, vertex }) => {
    vertex.next(vertexAnswers.busy());
    const limner = await start({ env: vertex.env });
    expect((await limner.call('generate_image', fox)).isError).toBe(false);
    vertex.always(vertexAnswers.busy());
    const { code, text } = await limner.call('generate_image', { prompt: 'Another fox' });
    expect([code, text]).toEqual([
      'quota',
      expect.stringMatching(/Vertex AI has no room for this request at the moment; nothing was billed/),
    ]);
    expect(vertex.requests).toHaveLength(5);
  });
});

describe('doctor', () => {
  const examine = async (computer: Computer, env: Record<string, string>) => {
    const { stdout, stderr } = await runCli(computer, ['doctor'], env);
    return { lines: stdout.split('\n'), all: stdout + stderr };
  };

  test('looks at credentials, project, location and each model, for free; the token is not shown', async ({
    computer,
    vertex,
    signIn,
    company,
  }) => {
    const env = await withFile(computer, company, signIn.user);
    const { lines, all } = await examine(computer, env);
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^ok {7}backend: Vertex AI, project limner-test-project, location global$/),
        expect.stringMatching(/^ok {7}credentials: a user’s sign-in in .*credentials\.json$/),
        expect.stringMatching(/^ok {7}Vertex AI: reached in [\d.]+ s; flash, pro, lite and Nano Banana 2 are offered to this project$/),
        expect.stringMatching(/^ok {7}model flash \(gemini-nano-banana-2\.1\)/),
        expect.stringMatching(/^ok {7}proxy .*: used for aiplatform\.googleapis\.com$/),
      ]),
    );
    expect(lines.filter((line) => /^(problem|warning)/.test(line))).toEqual([]);
    expect(vertex.requests).toEqual([]);
    expect(all).not.toMatch(/ya29|refresh-token|client-secret/);
  });

  test('says what to run', async ({ computer, vertex }) => {
    vertex.onCount((model) => (model === 'gemini-3-pro-image' ? modelMissing(model, 'global') : undefined));
    const missing = await examine(computer, vertex.env);
    expect(missing.lines).toContainEqual(
      expect.stringMatching(/^warning {2}pro: Google does not offer it to this project; a call that names one fails/),
    );
    expect(missing.lines).toContainEqual(expect.stringMatching(/^ok {7}credentials: of the computer itself, in Google Cloud$/));
    vertex.onCount(() => serviceDisabled());
    expect((await examine(computer, vertex.env)).lines).toContainEqual(
      expect.stringMatching(
        /^problem {2}The Vertex AI API is not enabled in the project .*Fix: run `gcloud services enable aiplatform\.googleapis\.com --project limner-test-project`/,
      ),
    );
    const nobody = await examine(computer, { ...vertex.env, METADATA_SERVER_DETECTION: 'none' });
    expect(nobody.lines).toContainEqual(
      expect.stringMatching(/^problem {2}.*No Google credentials were found.*Fix: run `gcloud auth application-default login`/),
    );
  });
});
