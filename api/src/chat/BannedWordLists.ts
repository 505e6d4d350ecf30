import { AppError } from '@maydan/common';
import type { PlatformWord } from '@maydan/contracts';
import type { BannedWord, User } from '@maydan/prisma';
import { actorOf } from '../audit/audit.repo.ts';
import { requireRole } from '../identity/requireRole.ts';
import type { BannedWordsRepo } from './bannedWords.repo.ts';
import { compileWords, wordKey, type BannedWords } from './words.ts';

const freshMs = 2_000;
const maxSessions = 500;
const maxWords = 5_000;

/** The words that are banned in all chats (feature M4), and the compiled lists. */
export class BannedWordLists {
  readonly #repo: BannedWordsRepo;
  readonly #sessions = new Map<string, { words: readonly string[]; compiled: BannedWords }>();
  #platform: { readonly at: number; readonly compiled: Promise<BannedWords> } | undefined;

  constructor(repo: BannedWordsRepo) {
    this.#repo = repo;
  }

  /** Those of the platform, as they were two seconds ago at most, and those of the session. */
  async of(sessionId: string, words: readonly string[]): Promise<BannedWords[]> {
    const platform = await this.#fresh();
    return words.length === 0 ? [platform] : [platform, this.#compiled(sessionId, words)];
  }

  async list(user: User): Promise<PlatformWord[]> {
    requireRole(user, 'moderator', 'admin');
    return (await this.#repo.all()).map(view);
  }

  /** Throws `already_taken` for a word that is there, however it is written; `validation_failed` for one that is none. */
  async add(user: User, word: string): Promise<PlatformWord> {
    requireRole(user, 'admin');
    const key = wordKey(word);
    requireWords([word]);
    if ((await this.#repo.count()) >= maxWords)
      throw new AppError('conflict', `There are ${maxWords} words.`);
    const added = await this.#repo.add(word, key, actorOf(user));
    if (added === null) throw new AppError('already_taken', 'This word is banned already.');
    this.#platform = undefined;
    return view(added);
  }

  /** Throws `not_found`. */
  async remove(user: User, id: string): Promise<void> {
    requireRole(user, 'admin');
    if (!(await this.#repo.remove(id, actorOf(user)))) throw new AppError('not_found');
    this.#platform = undefined;
  }

  async #fresh(): Promise<BannedWords> {
    if (this.#platform === undefined || performance.now() - this.#platform.at > freshMs) {
      const compiled = this.#repo.all().then((all) => compileWords(all.map(({ word }) => word)));
      this.#platform = { at: performance.now(), compiled };
      // The next one tries again.
      compiled.catch(() => (this.#platform = undefined));
    }
    return this.#platform.compiled;
  }

  #compiled(sessionId: string, words: readonly string[]): BannedWords {
    const known = this.#sessions.get(sessionId);
    if (
      known !== undefined &&
      known.words.length === words.length &&
      known.words.every((word, nth) => word === words[nth])
    ) {
      return known.compiled;
    }
    const compiled = compileWords(words);
    this.#sessions.set(sessionId, { words, compiled });
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > maxSessions && oldest !== undefined) this.#sessions.delete(oldest);
    return compiled;
  }
}

/** Throws `validation_failed` for a word that would ban nothing. */
export function requireWords(words: readonly string[]): void {
  const empty = words.find((word) => !/[\p{L}\p{N}]/u.test(wordKey(word)));
  if (empty === undefined) return;
  throw new AppError('validation_failed', undefined, [{ path: 'word', message: `is no word: ${empty}` }]);
}

function view({ id, word, createdAt }: BannedWord): PlatformWord {
  return { id, word, createdAt: createdAt.toISOString() };
}
