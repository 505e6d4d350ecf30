/** A packet of Opus holds at most 120 ms (RFC 6716 3.1). */
const longestMs = 120;

/** Milliseconds of sound in an Opus packet, by its table-of-contents byte (RFC 6716 3.1); null when it is no packet. */
export function opusDurationMs(packet: Uint8Array): number | null {
  const toc = packet[0];
  if (toc === undefined) return null;
  const config = toc >> 3;
  const frameMs =
    config < 12
      ? ([10, 20, 40, 60][config & 3] ?? 0)
      : config < 16
        ? ([10, 20][config & 1] ?? 0)
        : ([2.5, 5, 10, 20][config & 3] ?? 0);
  const code = toc & 3;
  const frames = code === 0 ? 1 : code === 3 ? (packet[1] ?? 0) & 63 : 2;
  const durationMs = frames * frameMs;
  return durationMs > 0 && durationMs <= longestMs ? durationMs : null;
}
