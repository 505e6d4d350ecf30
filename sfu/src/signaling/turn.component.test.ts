import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IceServer } from '@maydan/contracts';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../../../tests/support/browser/launchBrowser.ts';
import { StagePage } from '../../../tests/support/sfu/StagePage.ts';
import { Coturn } from '../../../tests/support/turn/Coturn.ts';
import { waitFor } from '../../../tests/support/waitFor.ts';
import { iceServersFor, turnLifetimeSec } from '../rooms/iceServers.ts';
import { TestSfu } from '../testing/TestSfu.ts';

const turnSecret = 'a secret that coturn and the sfu share';
const lifetimeMs = turnLifetimeSec * 1_000;
const peerId = randomUUID();

/** Networks that let nothing but TURN through: Chromium takes relayed candidates alone, coturn carries them. */
describe('people behind a TURN server', () => {
  let turn: Coturn;
  let sfu: TestSfu;
  let browser: Browser;
  let asking: StagePage;
  beforeAll(async () => {
    turn = await Coturn.start(turnSecret);
    sfu = await TestSfu.start({ TURN_URLS: turn.url, TURN_SECRET: turnSecret });
    browser = await launchBrowser();
    asking = await StagePage.open(browser, sfu.url);
  });
  afterAll(async () => {
    await browser?.close();
    await sfu?.close();
    await turn?.close();
  });

  it('send and receive picture and sound through it, with the credentials that each peer gets', async () => {
    const sessionId = randomUUID();
    const host = await StagePage.open(browser, sfu.url, 'relay');
    await host.join(sfu.url, sfu.token({ sessionId }));
    const [cameraId = '', microphoneId = ''] = await host.publish('VP8');
    const viewer = await StagePage.open(browser, sfu.url, 'relay');
    await viewer.join(sfu.url, sfu.token({ sessionId, role: 'viewer' }));
    const [video, audio] = [await viewer.receive(cameraId), await viewer.receive(microphoneId)];
    await viewer.moreFrames(video, 20);
    await waitFor('sound', async () => (await viewer.received(audio)).audioEnergy > 0);
    expect(await host.candidateTypeOf('send')).toBe('relay');
    expect(await viewer.candidateTypeOf('receive')).toBe('relay');
  });

  it.each<[string, (given: IceServer) => IceServer, boolean]>([
    ['credentials as the sfu makes them', (given) => given, true],
    ['a wrong password', (given) => ({ ...given, credential: 'wrong' }), false],
    ["another peer's password", (given) => ({ ...given, username: `${given.username ?? ''}x` }), false],
    [
      'those of another secret',
      ({ urls }) => credentials(urls, 'a secret that coturn does not know', Date.now()),
      false,
    ],
    ['expired ones', ({ urls }) => credentials(urls, turnSecret, Date.now() - lifetimeMs - 60_000), false],
    ['fresh ones', ({ urls }) => credentials(urls, turnSecret, Date.now() - lifetimeMs + 600_000), true],
  ])('get a way through it, or none, with %s', async (_name, change, isTaken) => {
    const { relayed, errorCodes } = await asking.gather(
      change(credentials(turn.url, turnSecret, Date.now())),
    );
    expect(relayed > 0).toBe(isTaken);
    expect(errorCodes.includes(401)).toBe(!isTaken);
  });

  it.each([
    '0.1.2.3',
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.2',
    '169.254.169.254',
    '172.31.255.254',
    '192.168.1.1',
    '255.255.255.255',
  ])('are not led to %s', async (peer) => {
    await relay(['-e', peer, '-r', '9'], /error 403/);
  });

  it('get no TCP to others, and no more allocations than a peer needs', async () => {
    await relay(['-T', '-e', '127.0.0.1', '-r', '9'], /error 4\d\d/);
    await relay(['-e', '127.0.0.1', '-r', '9', '-m', '30'], /error 486/);
  });

  /** Waits until coturn's own client says so of one packet through it. */
  async function relay(options: readonly string[], expected: RegExp): Promise<void> {
    const { username = '', credential = '' } = credentials(turn.url, turnSecret, Date.now());
    const fixed = ['-p', String(turn.port), '-u', username, '-w', credential, '-n', '1', '-c'];
    const client = spawn('turnutils_uclient', [...fixed, ...options, '127.0.0.1']);
    const gone = once(client, 'exit');
    let said = '';
    for (const output of [client.stdout, client.stderr]) output.on('data', (text) => (said += String(text)));
    try {
      const isOver = (): boolean => client.exitCode !== null || client.signalCode !== null;
      await waitFor('its answer', () => expected.test(said) || isOver());
    } finally {
      // It may go on trying.
      client.kill('SIGKILL');
      await gone;
    }
    expect(said).toMatch(expected);
  }

  function credentials(urls: string | string[], secret: string, atMs: number): IceServer {
    const [server] = iceServersFor(
      { stunUrls: [], turnUrls: [urls].flat(), turnSecret: secret },
      peerId,
      atMs,
    );
    if (server === undefined) throw new Error('there is no TURN server');
    return server;
  }
});
