import type { JobProducer } from '@maydan/common';
import type { MediaRemoval } from '@maydan/contracts';
import type { Media } from '@maydan/prisma';

/** The jobs about files. Asking again while a job waits or runs changes nothing. */
export class MediaJobs {
  readonly #jobs: JobProducer;

  constructor(jobs: JobProducer) {
    this.#jobs = jobs;
  }

  async check({ id, purpose, kind, declaredBytes }: Media, requestId?: string): Promise<void> {
    const data = { mediaId: id, purpose, kind, byteLength: declaredBytes, requestId };
    await this.#jobs.add('media.check', data, {
      jobId: id,
      attempts: 3,
      backoff: { type: 'exponential', delay: 1_000 },
    });
  }

  async remove(mediaId: string, what: MediaRemoval): Promise<void> {
    const options = { attempts: 3, backoff: { type: 'exponential', delay: 1_000 } };
    await this.#jobs.add('media.remove', { mediaId, what }, { jobId: `${what}-${mediaId}`, ...options });
  }

  /** Whether nothing waits or runs that checks the file. */
  isCheckGone(id: string): Promise<boolean> {
    return this.#jobs.isGone('media.check', id);
  }
}
