import type { AppError } from '@maydan/common';
import type { PreparedAnswer } from './PreparedAnswer.ts';

/** One request and the way to answer it, whichever lane it came by: all that playlists and media in memory need. */
export interface Exchange {
  readonly acceptsGzip: boolean;
  /** The client is gone or has its answer. */
  readonly isOver: boolean;
  /** Answers; a client that has the same already is told so. */
  send(answer: PreparedAnswer): void;
  /** Answers with a file, or the range of it that was asked for. */
  sendFile(answer: PreparedAnswer): void;
  sendError(error: AppError): void;
  /** Called when the client leaves before its answer; maybe after it too. */
  onGone(listener: () => void): void;
}
