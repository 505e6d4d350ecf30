import type { BanTrace } from './traces.repo.ts';

/** What a ban includes beside the account, as moderators see it: how many, and until when, but not which. */
export function tracesView(traces: readonly Pick<BanTrace, 'kind' | 'expiresAt'>[], now = new Date()) {
  const holding = traces.filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
  const addresses = holding.filter(({ kind }) => kind === 'address');
  const ends = addresses.flatMap(({ expiresAt }) => expiresAt?.getTime() ?? []);
  return {
    devices: holding.length - addresses.length,
    addresses: addresses.length,
    addressesUntil: ends.length === 0 ? null : new Date(Math.max(...ends)).toISOString(),
  };
}

/** For queries: what `tracesView` needs. */
export const withTraces = { select: { kind: true, expiresAt: true } } as const;

/** For the audit log: how many a ban includes. */
export function auditedTraces(traces: readonly Pick<BanTrace, 'kind'>[], addressesForSec: number | null) {
  const devices = traces.filter(({ kind }) => kind === 'device').length;
  return { devices, addresses: traces.length - devices, addressesForSec };
}
