import { randomUUID } from 'node:crypto';
import { newId } from '@maydan/prisma';
import { GiftsRepo } from '../../../api/src/gifts/gifts.repo.ts';
import type { NewGift, Shards } from '../../../api/src/gifts/sending.repo.ts';
import { fundDirectly, keyed } from '../../../api/src/testing/money.ts';
import { Life } from '../../../api/src/testing/Life.ts';
import { TestBackend } from '../../../api/src/testing/TestBackend.ts';
import { signedIn, type Person } from '../chat/ourSide.ts';
import { KeptClient } from '../KeptClient.ts';

const coins = 1_000_000_000;
const roomy = {
  ...{ LOG_LEVEL: 'info', GIFT_RATE_PER_USER: '100000000', DATABASE_POOL_SIZE: '16' },
  // As in production: tests tidy up far more often.
  TIDYING_PERIOD_MS: '60000',
};
const maxSockets = 128;

/** Hosts whose sessions are live, as workers would have told. */
async function liveHosts(backend: TestBackend, count: number) {
  const maker = await backend.startApi({ LOG_LEVEL: 'error' });
  const hosts = [];
  for (let made = 0; made < count; made++) {
    const { host, sessionId } = await (await Life.create(backend, () => maker)).goLive();
    hosts.push({ hostId: host.user.id, sessionId });
  }
  await maker.close();
  return hosts;
}

/** Processes of the api, with people who have coins and hosts who are live. PostgreSQL waits for the disk. */
export class OurGifts {
  readonly backend: TestBackend;
  /** Of the api processes. */
  readonly pids: readonly number[];
  readonly #clients: readonly KeptClient[];
  readonly #senders: readonly Person[];
  readonly #hosts: readonly { readonly hostId: string; readonly sessionId: string }[];
  readonly #giftId: string;
  #turn = 0;

  private constructor(
    backend: TestBackend,
    apis: readonly { url: string; pid: number }[],
    senders: readonly Person[],
    hosts: readonly { hostId: string; sessionId: string }[],
    giftId: string,
  ) {
    this.backend = backend;
    this.pids = apis.map(({ pid }) => pid);
    this.#clients = apis.map(({ url }) => new KeptClient(url, maxSockets));
    this.#senders = senders;
    this.#hosts = hosts;
    this.#giftId = giftId;
  }

  static async start(apiCount: number, senderCount: number, hostCount: number): Promise<OurGifts> {
    const backend = await TestBackend.start({ durable: true, maxConnections: 16 });
    try {
      const apis = [];
      while (apis.length < apiCount) apis.push(await backend.startProcess(0, roomy));
      const senders = await signedIn(backend, senderCount);
      for (const { id } of senders) await fundDirectly(backend, id, coins);
      const hosts = await liveHosts(backend, hostCount);
      const names = { nameEn: 'Rose', nameAr: 'وردة', iconUrl: '/rose.svg' };
      const { id } = await backend.database.gift.create({ data: { id: newId(), ...names, price: 10 } });
      return new OurGifts(backend, apis, senders, hosts, id);
    } catch (error) {
      await backend.close();
      throw error;
    }
  }

  /** One gift over HTTP to one of the first hosts, to the processes in turn. Rejects unless it is sent. */
  async overHttp(hostCount: number): Promise<void> {
    const { sender, host, turn } = this.#next(hostCount);
    const client = this.#clients[turn % this.#clients.length];
    const wish = { token: sender.token, headers: keyed(), body: { giftId: this.#giftId } };
    await client?.ask(`/api/v1/sessions/${host.sessionId}/gifts`, wish);
  }

  /** What writes gifts, without the api around it. */
  writer(shards?: Shards): GiftsRepo {
    return new GiftsRepo(this.backend.database, shards);
  }

  /** Writes one gift by it. */
  async written(writer: GiftsRepo, hostCount: number): Promise<void> {
    const { sender, host } = this.#next(hostCount);
    const id = newId();
    const person = { id: sender.id, username: 'x', displayName: 'x' };
    const gift = {
      id: this.#giftId,
      name: { en: 'Rose', ar: 'وردة' },
      iconUrl: '/rose.svg',
      animation: null,
    };
    const key = `${host.sessionId}:${sender.id}`;
    const wish: NewGift = {
      request: { userId: sender.id, key: randomUUID(), operation: 'gift', request: { giftId: gift.id } },
      answer: {
        ...{ id, sessionId: host.sessionId, sender: person, recipient: { ...person, id: host.hostId }, gift },
        ...{ quantity: 1, coins: 10, message: '', at: new Date().toISOString(), returned: false },
      },
      commission: 3n,
      cause: {
        ...{ id: newId(), key: `gift:${key}`, type: 'gift', userId: host.hostId, actorId: sender.id },
        ...{ groupKey: 'gift', data: { sessionId: host.sessionId, gift: 'Rose', quantity: 1 } },
      },
    };
    await writer.send(wish);
  }

  close(): Promise<void> {
    for (const client of this.#clients) client.close();
    return this.backend.close();
  }

  #next(hostCount: number) {
    const turn = this.#turn++;
    const sender = this.#senders[turn % this.#senders.length];
    const host = this.#hosts[turn % hostCount];
    if (sender === undefined || host === undefined) throw new Error('nobody');
    return { sender, host, turn };
  }
}
