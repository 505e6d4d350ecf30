import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';

/** What `imageProgram` is asked for: a WebP of bounded size, and one of 320 pixels at most. */
export const imageTask = z.object({
  input: z.string(),
  main: z.object({
    path: z.string(),
    size: z.object({ width: z.int(), height: z.int() }),
    fit: z.enum(['inside', 'cover']),
  }),
  thumbnail: z.string(),
  /** Of all pictures of the file together. */
  maxPixels: z.int(),
  /** Whether pictures that move keep moving. */
  isAnimated: z.boolean(),
});
export type ImageTask = z.infer<typeof imageTask>;

const imageAnswer = z.union([
  z.object({ width: z.int(), height: z.int() }),
  z.object({ refusal: z.enum(['unreadable', 'tooManyPixels']), message: z.string() }),
]);
export type ImageAnswer = z.infer<typeof imageAnswer>;

const program = fileURLToPath(new URL('./imageProgram.ts', import.meta.url));
const run = promisify(execFile);
const limitMs = 120_000;

/** Runs the program. One that crashes or hangs over a picture finds it unreadable. Rejects when aborted. */
export async function runImageTask(task: ImageTask, signal: AbortSignal): Promise<ImageAnswer> {
  const options = ['--disable-warning=ExperimentalWarning', '--max-old-space-size=128', program];
  try {
    const { stdout } = await run(process.execPath, [...options, JSON.stringify(imageTask.parse(task))], {
      signal,
      timeout: limitMs,
      killSignal: 'SIGKILL',
      maxBuffer: 100_000,
      env: {},
    });
    return imageAnswer.parse(JSON.parse(stdout));
  } catch (error) {
    signal.throwIfAborted();
    return { refusal: 'unreadable', message: error instanceof Error ? error.message.slice(0, 300) : '' };
  }
}
