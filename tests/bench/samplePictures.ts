import type { Page } from 'playwright-core';
import { columns, readTime, rows } from './timestampVideo.ts';

interface Sample {
  readonly centres: number[];
  readonly shownAtMs: number;
}

/** Reads the blocks of every fifth picture that the page shows, with the wall clock at which it is shown. */
async function samplePictures(page: Page, durationMs: number): Promise<Sample[]> {
  return page.evaluate(
    async ({ durationMs, columns, rows }) => {
      const video = document.querySelector('video');
      const context = new OffscreenCanvas(columns, rows).getContext('2d', { willReadFrequently: true });
      if (video === null || context === null) throw new Error('there is no video');
      const samples: { centres: number[]; shownAtMs: number }[] = [];
      const until = performance.now() + durationMs;
      context.imageSmoothingEnabled = false;
      let count = 0;
      await new Promise<void>((resolve) => {
        const onPicture = (now: number, metadata: VideoFrameCallbackMetadata): void => {
          if (performance.now() > until) return resolve();
          count += 1;
          if (count % 5 === 0) {
            context.drawImage(video, 0, 0, columns, rows);
            const pixels = context.getImageData(0, 0, columns, rows).data;
            const centres = Array.from({ length: columns * rows }, (_, index) => pixels[index * 4] ?? 0);
            samples.push({
              centres,
              shownAtMs: performance.timeOrigin + Math.max(now, metadata.expectedDisplayTime),
            });
          }
          video.requestVideoFrameCallback(onPicture);
        };
        video.requestVideoFrameCallback(onPicture);
      });
      return samples;
    },
    { durationMs, columns, rows },
  );
}

export interface Latencies {
  /** From the moment a picture was made to the moment it is shown. */
  readonly latenciesMs: number[];
  readonly unreadable: number;
}

/** Glass to glass, of the first video of a page. */
export async function sampleLatencies(page: Page, durationMs: number): Promise<Latencies> {
  const samples = await samplePictures(page, durationMs);
  const latenciesMs = samples.flatMap(({ centres, shownAtMs }) => {
    const madeAtMs = readTime(centres);
    return madeAtMs === null ? [] : [shownAtMs - madeAtMs];
  });
  return { latenciesMs, unreadable: samples.length - latenciesMs.length };
}
