import type { JobProducer, Logger } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import type { ApiConfig } from '../config.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import { MediaStore } from '../storage/MediaStore.ts';
import { Attachments } from './Attachments.ts';
import { MediaRepo } from './media.repo.ts';
import { MediaService, type MediaDependencies } from './media.service.ts';
import { MediaFacts } from './MediaFacts.ts';
import { MediaJobs } from './MediaJobs.ts';
import { MediaSweep } from './MediaSweep.ts';
import { MediaViews } from './mediaViews.ts';
import { picturesRoutes } from './pictures.routes.ts';

export interface MediaParts {
  readonly config: ApiConfig;
  readonly database: Database;
  readonly jobs: JobProducer;
  readonly limits: RateLimits;
  readonly emitter: Emitter;
  readonly logger: Logger;
  readonly readers: MediaDependencies['readers'];
}

/** The parts of files, wired up; nothing is started and nothing needs to be closed. */
export function createMedia({ config, database, readers, ...parts }: MediaParts) {
  const repo = new MediaRepo(database);
  const store = new MediaStore(config);
  const views = new MediaViews(store);
  const jobs = new MediaJobs(parts.jobs);
  const facts = new MediaFacts({ ...parts, repo, views });
  return {
    ...{ store, views, facts },
    pictures: picturesRoutes(repo, store),
    attachments: new Attachments(repo, views),
    service: new MediaService({ ...parts, ...{ repo, store, views, jobs, config, readers } }),
    sweep: new MediaSweep({ ...parts, repo, jobs, facts }),
  };
}
