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
  const samples = new Int16Array(left.length * 2);
  for (let index = 0; index < left.length; index += 1) {
    samples[index * 2] = Math.round(softLimit(left[index] ?? 0) * 32_767);
    samples[index * 2 + 1] = Math.round(softLimit(right[index] ?? 0) * 32_767);
  }
  // All machines that Node runs on today are little-endian.
  return Buffer.from(samples.buffer);
}
