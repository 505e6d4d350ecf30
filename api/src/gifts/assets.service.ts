import { createHash } from 'node:crypto';
import { AppError, type Logger } from '@maydan/common';
import {
  giftAssetPath,
  maxGiftAssetBytes,
  type GiftAsset,
  type GiftAssetInput,
  type GiftAssetKind,
} from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import { actorOf } from '../audit/audit.repo.ts';
import { requireRole } from '../identity/requireRole.ts';
import { problemOf } from './assetContent.ts';
import { maxAssets, type AssetsRepo } from './assets.repo.ts';

/** Icons and animations of gifts as data: whoever serves the api serves them, too (feature G3). */
export class AssetsService {
  readonly #repo: AssetsRepo;
  readonly #logger: Logger;

  constructor(repo: AssetsRepo, logger: Logger) {
    this.#repo = repo;
    this.#logger = logger;
  }

  /** The same content has the same address. Throws `forbidden`, `validation_failed`, and `conflict` when there are too many. */
  async add(admin: User, { kind, content: text }: GiftAssetInput): Promise<GiftAsset> {
    requireRole(admin, 'admin');
    const content = Buffer.from(text, 'base64');
    const message = content.length > maxGiftAssetBytes ? 'is too large' : problemOf(kind, content);
    if (message !== null) throw new AppError('validation_failed', undefined, [{ path: 'content', message }]);
    // The kind is part of the name: content that is two kinds at once is served as what it was checked for.
    const hash = createHash('sha256').update(`${kind}\n`).update(content).digest('hex');
    if (!(await this.#repo.add({ hash, kind, content }, actorOf(admin))))
      throw new AppError('conflict', `There are ${maxAssets} icons and animations.`);
    this.#logger.info({ hash, kind, adminId: admin.id }, 'an icon or animation of gifts was stored');
    return { url: giftAssetPath(hash, kind), byteLength: content.length };
  }

  /** Throws `not_found`. */
  async get(hash: string): Promise<{ kind: GiftAssetKind; content: Uint8Array }> {
    const found = await this.#repo.find(hash);
    if (found === null) throw new AppError('not_found');
    return found;
  }
}
