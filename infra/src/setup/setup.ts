import { performance } from 'node:perf_hooks';
import { ProcessFailure } from '../process/ProcessFailure.ts';
import { SetupError } from './SetupError.ts';
import { setupSteps } from './steps.ts';
import type { Purpose, Step } from './steps.ts';

export interface SetupOptions {
  purpose: Purpose;
  /** Nothing is printed for steps that had nothing to do. */
  quiet?: boolean;
}

/**
 * Brings everything that the purpose needs. Safe to run again at any time; when nothing is to do it takes well under a
 * second.
 * @throws SetupError saying what a person has to do.
 */
export async function setup({ purpose, quiet = false }: SetupOptions): Promise<void> {
  for (const step of setupSteps(purpose)) await runStep(step, quiet);
}

async function runStep(step: Step, quiet: boolean): Promise<void> {
  const line = new ProgressLine(step.title);
  const startedAt = performance.now();
  try {
    const result = await step.run((text) => line.update(text));
    const seconds = (performance.now() - startedAt) / 1_000;
    if (!quiet || seconds > 1) line.end('✓', `${result}${seconds > 1 ? ` (${seconds.toFixed(0)} s)` : ''}`);
  } catch (error) {
    line.end('✗', 'failed');
    throw error;
  }
}

/** One line per step: rewritten in place on a terminal, else a new line now and then. */
class ProgressLine {
  readonly #title: string;
  readonly #isTerminal = process.stdout.isTTY;
  #printedAtMs = 0;

  constructor(title: string) {
    this.#title = title.padEnd(20);
  }

  update(text: string): void {
    const now = performance.now();
    if (now - this.#printedAtMs < (this.#isTerminal ? 100 : 10_000) && this.#printedAtMs > 0) return;
    this.#printedAtMs = now;
    const line = `  … ${this.#title} ${text}`.slice(0, (process.stdout.columns ?? 120) - 1);
    process.stdout.write(this.#isTerminal ? `\r\u001b[2K${line}` : `${line}\n`);
  }

  end(mark: string, text: string): void {
    process.stdout.write(`${this.#isTerminal ? '\r\u001b[2K' : ''}  ${mark} ${this.#title} ${text}\n`);
  }
}

/** Runs a program's main function; what a person has to do is said without a stack. */
export async function reportingFailures(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    const isPlain = error instanceof SetupError || error instanceof ProcessFailure;
    console.error(isPlain ? `\n${error.message}` : error);
    process.exit(1);
  }
}
