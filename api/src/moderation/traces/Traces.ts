import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { addressGroup, type Logger } from '@maydan/common';
import type { BanTraceKind } from '@maydan/prisma';
import type { SeenTraces } from './SeenTraces.ts';
import type { BanTrace, TracesRepo } from './traces.repo.ts';
import { whence } from './whence.ts';

export interface TracesDependencies {
  readonly repo: Pick<TracesRepo, 'banAmong'>;
  readonly seen: Pick<SeenTraces, 'note' | 'of'>;
  /** The device of a token that we gave out; null for any other. */
  readonly deviceOf: (token: string) => string | null;
  readonly secret: string;
  readonly logger: Logger;
}

export interface TracesWish {
  readonly devices: boolean;
  /** Seconds for which addresses are refused, too; null: they are not. */
  readonly addressesForSec: number | null;
  /** When the ban ends; null: when it is lifted. */
  readonly until: Date | null;
}

interface Trace {
  readonly kind: BanTraceKind;
  readonly hash: string;
}

/** Who was noted is noted again after so long. */
const noteAgainMs = 600_000;
const mostNoted = 20_000;

/**
 * From where people come, so that who was banned does not come back as a guest: devices by the token that their browser keeps,
 * addresses as one counts them (IPv6 by its /64). Only keyed hashes are kept.
 */
export class Traces {
  readonly #deps: TracesDependencies;
  readonly #key: KeyObject;
  readonly #noted = new Map<string, number>();

  constructor(dependencies: TracesDependencies) {
    this.#deps = dependencies;
    this.#key = createSecretKey(createHmac('sha256', dependencies.secret).update('traces').digest());
  }

  /** Somebody is here: never fails, nor waits. */
  note(userId: string): void {
    this.#note(userId, this.#here());
  }

  /** They have this device: the id within its token. */
  noteDevice(userId: string, deviceId: string): void {
    this.#note(userId, [this.#trace('device', deviceId)]);
  }

  /** Whether guests are refused from where the one comes for whom this code runs. */
  async banHere(sessionId: string): Promise<'session' | 'account' | null> {
    const hashes = this.hashesHere();
    return hashes.length === 0 ? null : this.#deps.repo.banAmong(sessionId, hashes);
  }

  /** What is kept in place of where the one comes from for whom this code runs. */
  hashesHere(): string[] {
    return this.#here().map(({ hash }) => hash);
  }

  /** What goes with a ban of somebody. */
  async of(userId: string, { devices, addressesForSec, until }: TracesWish): Promise<BanTrace[]> {
    const { seen } = this.#deps;
    const known = devices ? await seen.of(userId, 'device') : [];
    const traces: BanTrace[] = known.map((hash) => ({ kind: 'device', hash, expiresAt: until }));
    if (addressesForSec === null) return traces;
    const end = Date.now() + addressesForSec * 1_000;
    const expiresAt = new Date(Math.min(end, until?.getTime() ?? end));
    const addresses = await seen.of(userId, 'address');
    return [...traces, ...addresses.map((hash) => ({ kind: 'address' as const, hash, expiresAt }))];
  }

  #here(): Trace[] {
    const from = whence.getStore();
    if (from === undefined) return [];
    const device = from.device === undefined ? null : this.#deps.deviceOf(from.device);
    return [
      ...(device === null ? [] : [this.#trace('device', device)]),
      ...(from.address === '' ? [] : [this.#trace('address', addressGroup(from.address))]),
    ];
  }

  #note(userId: string, traces: readonly Trace[]): void {
    const now = Date.now();
    const fresh = traces.filter(
      ({ hash }) => (this.#noted.get(`${userId} ${hash}`) ?? 0) < now - noteAgainMs,
    );
    if (fresh.length === 0) return;
    if (this.#noted.size >= mostNoted) this.#noted.clear();
    for (const { hash } of fresh) this.#noted.set(`${userId} ${hash}`, now);
    this.#deps.seen
      .note(userId, fresh)
      .catch((error: unknown) =>
        this.#deps.logger.warn({ err: error }, 'where somebody comes from was not noted'),
      );
  }

  #trace(kind: BanTraceKind, value: string): Trace {
    const hash = createHmac('sha256', this.#key).update(`${kind} ${value}`).digest('base64url').slice(0, 22);
    return { kind, hash };
  }
}
