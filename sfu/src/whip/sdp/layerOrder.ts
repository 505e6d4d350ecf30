import type { OfferedLayer } from './offer.ts';

/** Names that encoders in use give their layers, from the smallest picture to the largest. */
const knownNames: readonly (readonly string[])[] = [
  ['q', 'h', 'f'],
  ['l', 'm', 'h'],
  ['low', 'mid', 'high'],
  ['low', 'medium', 'high'],
  ['r0', 'r1', 'r2', 'r3'],
];

/**
 * Simulcast layers from the smallest picture to the largest, as mediasoup wants them. SDP need not say which is which:
 * restrictions of the RIDs count first, then well-known names, then the order of preference of RFC 8853, section 5.2,
 * best first.
 */
export function orderLayers(layers: readonly OfferedLayer[]): OfferedLayer[] {
  return byRestriction(layers) ?? byName(layers) ?? layers.toReversed();
}

function byRestriction(layers: readonly OfferedLayer[]): OfferedLayer[] | null {
  for (const name of ['max-height', 'max-width', 'max-br']) {
    const limit = ({ restrictions }: OfferedLayer): number => Number(restrictions[name] ?? NaN);
    if (layers.every((layer) => Number.isFinite(limit(layer)))) {
      return layers.toSorted((a, b) => limit(a) - limit(b));
    }
  }
  return null;
}

function byName(layers: readonly OfferedLayer[]): OfferedLayer[] | null {
  const names = knownNames.find((known) => layers.every(({ rid }) => known.includes(rid)));
  if (names === undefined) return null;
  return layers.toSorted((a, b) => names.indexOf(a.rid) - names.indexOf(b.rid));
}
