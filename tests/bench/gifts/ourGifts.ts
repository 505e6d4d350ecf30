import { randomUUID } from 'node:crypto';
import { newId } from '@maydan/prisma';
import { commissionOf, receivingOf, walletOf } from '../../../api/src/ledger/accounts.ts';
import { GiftsRepo, type NewGift } from '../../../api/src/gifts/gifts.repo.ts';
import { fundDirectly, keyed } from '../../../api/src/testing/money.ts';
import { Life } from '../../../api/src/testing/Life.ts';
import { TestBackend } from '../../../api/src/testing/TestBackend.ts';
import { signedIn, type Person } from '../chat/ourSide.ts';

const coins = 1_000_000_000;
const roomy = { LOG_LEVEL: 'info', GIFT_RATE_PER_USER: '100000000', DATABASE_POOL_SIZE: '16' };

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

/** The api as a process of its own, with people who have coins and hosts who are live. PostgreSQL waits for the disk. */
export class OurGifts {
  readonly backend: TestBackend;
  readonly #url: string;
  readonly #senders: readonly Person[];
  readonly #hosts: readonly { readonly hostId: string; readonly sessionId: string }[];
  readonly #giftId: string;
  readonly #repo: GiftsRepo;
  #turn = 0;

  private constructor(
    backend: TestBackend,
    url: string,
    senders: readonly Person[],
    hosts: readonly { hostId: string; sessionId: string }[],
    giftId: string,
  ) {
    this.backend = backend;
    this.#url = url;
    this.#senders = senders;
    this.#hosts = hosts;
    this.#giftId = giftId;
    this.#repo = new GiftsRepo(backend.database);
  }

  static async start(senderCount: number, hostCount: number): Promise<OurGifts> {
    const backend = await TestBackend.start({ durable: true, maxConnections: 16 });
    try {
      const api = await backend.startProcess(0, roomy);
      const senders = await signedIn(backend, senderCount);
      for (const { id } of senders) await fundDirectly(backend, id, coins);
      const hosts = await liveHosts(backend, hostCount);
      const names = { nameEn: 'Rose', nameAr: 'وردة', iconUrl: '/rose.svg' };
      const { id } = await backend.database.gift.create({ data: { id: newId(), ...names, price: 10 } });
      return new OurGifts(backend, api.url, senders, hosts, id);
    } catch (error) {
      await backend.close();
      throw error;
    }
  }

  /** One gift over HTTP to one of the first hosts. Throws unless it is sent. */
  async overHttp(hostCount: number): Promise<void> {
    const { sender, host } = this.#next(hostCount);
    const request = {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${sender.token}`, ...keyed() },
      body: JSON.stringify({ giftId: this.#giftId }),
    };
    const address = `${this.#url}/api/v1/sessions/${host.sessionId}/gifts`;
    // A kept connection may be let go in the moment it is used again; with the same key nothing is done twice.
    const response = await fetch(address, request).catch(() => fetch(address, request));
    const text = await response.text();
    if (response.status !== 201) throw new Error(text);
  }

  /** The one statement that writes a gift, without the api around it; all into one account of the receiver, or into any of `shards`. */
  async written(hostCount: number, shards: number, commissionShards: number): Promise<void> {
    const { sender, host } = this.#next(hostCount);
    const any = (count: number): number => Math.floor(Math.random() * count);
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
      postings: [
        { account: walletOf(sender.id), amount: -10n },
        { account: receivingOf(host.hostId, any(shards)), amount: 7n },
        { account: commissionOf(any(commissionShards)), amount: 3n },
      ],
      cause: {
        ...{ id: newId(), key: `gift:${key}`, type: 'gift', userId: host.hostId, actorId: sender.id },
        ...{ groupKey: 'gift', data: { sessionId: host.sessionId, gift: 'Rose', quantity: 1 } },
      },
    };
    await this.#repo.send(wish);
  }

  close(): Promise<void> {
    return this.backend.close();
  }

  #next(hostCount: number) {
    const turn = this.#turn++;
    const sender = this.#senders[turn % this.#senders.length];
    const host = this.#hosts[turn % hostCount];
    if (sender === undefined || host === undefined) throw new Error('nobody');
    return { sender, host };
  }
}
