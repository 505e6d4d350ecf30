/** Up to here sound stays as it is; above, it is bent so that it never reaches full scale. */
const knee = 0.75;

/** Soft limiting: many voices at once get louder, never clipped. */
export function softLimit(sample: number): number {
  const loud = Math.abs(sample);
  if (loud <= knee) return sample;
  const bent = knee + (1 - knee) * Math.tanh((loud - knee) / (1 - knee));
  return sample < 0 ? -bent : bent;
}

/** Interleaved 16-bit little-endian PCM of two channels, limited. */
export function toPcm16(left: Float32Array, right: Float32Array): Buffer {
  const pcm = Buffer.allocUnsafe(left.length * 4);
  const samples = new DataView(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  for (let index = 0; index < left.length; index += 1) {
    samples.setInt16(index * 4, Math.round(softLimit(left[index] ?? 0) * 32_767), true);
    samples.setInt16(index * 4 + 2, Math.round(softLimit(right[index] ?? 0) * 32_767), true);
  }
  return pcm;
}
