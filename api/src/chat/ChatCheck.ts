import { AppError, type Logger } from '@maydan/common';
import type { Classified, Classifier, Verdict } from './Classifier.ts';

/** What came of asking: `timeout` and `failed` are without a verdict. */
export type CheckOutcome = 'allowed' | 'refused' | 'timeout' | 'failed';

export interface ChatCheckDependencies {
  readonly classifier: Classifier;
  /** What is done with a text that it did not judge. */
  readonly fallback: 'allow' | 'refuse';
  readonly observe: (outcome: CheckOutcome, seconds: number) => void;
  readonly logger: Logger;
}

const limitMs = 200;

/** The last step of the cascade, where an installation has a classifier: 200 ms, then the fall-back. */
export class ChatCheck {
  readonly #deps: ChatCheckDependencies;
  /** It did not judge the last time: said once in the log, not for each message. */
  #isAway = false;

  constructor(dependencies: ChatCheckDependencies) {
    this.#deps = dependencies;
  }

  /** Throws `chat_refused` (with `reason`, which may be null), and `chat_unchecked` where the fall-back is to refuse. */
  async requireAllowed(what: Classified): Promise<void> {
    const verdict = await this.#ask(what);
    if (verdict === null) {
      if (this.#deps.fallback === 'refuse') throw new AppError('chat_unchecked');
    } else if (!verdict.allow) throw new AppError('chat_refused', undefined, { reason: verdict.reason });
  }

  /** Null: no verdict. */
  async #ask(what: Classified): Promise<Verdict | null> {
    const { classifier, observe } = this.#deps;
    const signal = AbortSignal.timeout(limitMs);
    const began = performance.now();
    const tell = (outcome: CheckOutcome): void => observe(outcome, (performance.now() - began) / 1_000);
    try {
      const verdict = await classifier.judge(what, signal);
      tell(verdict.allow ? 'allowed' : 'refused');
      this.#note(null);
      return verdict;
    } catch (error) {
      tell(signal.aborted ? 'timeout' : 'failed');
      this.#note(error);
      return null;
    }
  }

  #note(error: unknown): void {
    const { logger, fallback } = this.#deps;
    const isAway = error !== null;
    if (isAway === this.#isAway) return;
    this.#isAway = isAway;
    if (isAway) logger.warn({ err: error, fallback }, 'the classifier of the chat does not judge');
    else logger.info('the classifier of the chat judges again');
  }
}
