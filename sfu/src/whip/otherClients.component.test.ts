import { waitFor } from '../../../tests/support/waitFor.ts';
import type { ClientProcess } from '../../../tests/support/whip/ClientProcess.ts';
import { startAiortcPlayer, startLibdatachannelPublisher } from '../../../tests/support/whip/clients.ts';
import { WhipStand } from './testing/WhipStand.ts';

/** mediasoup waits this long for a client's consent (RFC 7675, section 5.1). */
const consentMs = 30_000;
const graceMs = 1_000;
let stand: WhipStand;
beforeAll(async () => {
  stand = await WhipStand.start({ graceMs });
});
afterAll(() => stand.close());
const clients: ClientProcess[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.kill();
  for (const room of stand.rooms.all) room.close('sessionEnded');
});

async function publish(streamKey: string, sound?: 'tone'): Promise<ClientProcess> {
  const client = await startLibdatachannelPublisher(`${stand.url}/whip`, streamKey, sound);
  clients.push(client);
  await waitFor('the publisher', () => client.last('state') === 'connected', { timeoutMs: 60_000 });
  return client;
}

async function play(sessionId: string): Promise<ClientProcess> {
  const client = await startAiortcPlayer(`${stand.url}/whep/${sessionId}`, stand.token(sessionId));
  clients.push(client);
  await waitFor('the player', () => client.last('state') === 'connected', { timeoutMs: 60_000 });
  return client;
}

const heard = (player: ClientProcess): number => Number(player.last('peak') ?? 0);
const frames = (player: ClientProcess): number => Number(player.last('frames') ?? 0);

describe("clients that aren't ours", () => {
  it("play with aiortc what OBS's library publishes, until both send DELETE", async () => {
    const { streamKey, grant } = stand.allow();
    const publisher = await publish(streamKey);
    expect(publisher.last('status')).toBe(201);
    const player = await play(grant.sessionId);
    // A moving picture, and the beep of each second. In the flash of each second there is no contrast.
    await waitFor(
      'picture and sound',
      () => frames(player) > 20 && Number(player.last('contrast')) > 5 && heard(player) > 5_000,
    );
    expect(player.last('width')).toBe(320);
    await player.stop();
    expect(player.last('deleted')).toBe(200);
    expect(stand.rooms.find(grant.sessionId)?.peers.size).toBe(1);
    // OBS closes its connection first: DELETE finds what has ended already.
    await publisher.stop();
    expect(publisher.last('deleted')).toBe(200);
    expect(stand.rooms.find(grant.sessionId)).toBeUndefined();
  });

  it('are taken over by the newest, which the player gets without asking, and which then speaks', async () => {
    const { streamKey, grant } = stand.allow();
    const older = await publish(streamKey, 'tone');
    const player = await play(grant.sessionId);
    await waitFor('a picture', () => frames(player) > 10);
    const room = stand.rooms.find(grant.sessionId);
    // It doesn't say how loud its packets are.
    await waitFor('the speaker', () => room?.speaker === grant.peerId);
    await stand.takeOver(streamKey);
    await publish(streamKey, 'tone');
    const before = frames(player);
    await waitFor('the picture of the newer', () => frames(player) > before + 20);
    await waitFor('the next speaker', () => room?.speaker === room?.stage[0]?.peerId);
    expect(room?.speaker).not.toBe(grant.peerId);
    expect(stand.rooms.find(grant.sessionId)?.producers).toHaveLength(2);
    await older.stop();
    expect(stand.rooms.find(grant.sessionId)?.producers).toHaveLength(2);
  });

  it('end a grace period after their consent, when they are killed', async () => {
    const { streamKey, grant } = stand.allow();
    const publisher = await publish(streamKey);
    const player = await play(grant.sessionId);
    await waitFor('a picture', () => frames(player) > 10);
    const reasons: string[] = [];
    stand.rooms.find(grant.sessionId)?.on('peerLeft', (_peer, reason) => reasons.push(reason));
    await Promise.all([publisher.kill(), player.kill()]);
    await waitFor('the end', () => stand.rooms.find(grant.sessionId) === undefined, {
      timeoutMs: consentMs + graceMs + 30_000,
    });
    expect(reasons).toEqual(['lost', 'lost']);
  });
});
