import { AppError } from '@maydan/common';
import type { ReportSnapshot, ReportTargetKind } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { MessagesRepo } from '../conversations/messages.repo.ts';
import type { UsersRepo } from '../people/users.repo.ts';
import { recordingOf } from '../sessions/sessionView.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import type { StatusesRepo } from '../statuses/statuses.repo.ts';
import type { ReportsRepo } from './reports.repo.ts';

/** What is reported: whose it is, and how it is now. */
export interface ReportTarget {
  readonly userId: string;
  readonly snapshot: ReportSnapshot;
}

export interface ReportTargetsDependencies {
  readonly reports: Pick<ReportsRepo, 'chatMessage'>;
  readonly users: UsersRepo;
  readonly sessions: Pick<SessionsService, 'findVisible'>;
  readonly messages: Pick<MessagesRepo, 'findSeen'>;
  readonly statuses: Pick<StatusesRepo, 'find'>;
}

/** What people can report: what they see, and is somebody's. */
export class ReportTargets {
  readonly #deps: ReportTargetsDependencies;

  constructor(dependencies: ReportTargetsDependencies) {
    this.#deps = dependencies;
  }

  /** Throws `not_found` for what the reporter doesn't see. */
  async read(reporter: User, kind: ReportTargetKind, id: string): Promise<ReportTarget> {
    const target = await this.#read(reporter, kind, id);
    if (target === null) throw new AppError('not_found');
    return target;
  }

  #read(reporter: User, kind: ReportTargetKind, id: string): Promise<ReportTarget | null> {
    switch (kind) {
      case 'user':
        return this.#user(reporter, id);
      case 'session':
        return this.#session(reporter, id);
      case 'chatMessage':
        return this.#chatMessage(reporter, id);
      case 'message':
        return this.#message(reporter, id);
      case 'status':
        return this.#status(reporter, id);
    }
  }

  async #user(reporter: User, id: string): Promise<ReportTarget | null> {
    const found = await this.#deps.users.findVisible(reporter, { id });
    if (found === null) return null;
    const { username, displayName, bio } = found;
    return { userId: id, snapshot: { username, displayName, bio } };
  }

  async #session(reporter: User, id: string): Promise<ReportTarget> {
    const session = await this.#deps.sessions.findVisible(reporter, id);
    const { hostId, title, description, state } = session;
    return { userId: hostId, snapshot: { title, description, state, recording: recordingOf(session) } };
  }

  async #chatMessage(reporter: User, id: string): Promise<ReportTarget | null> {
    const found = await this.#deps.reports.chatMessage(id);
    if (found === null || found.senderId === null) return null;
    await this.#deps.sessions.findVisible(reporter, found.sessionId);
    const { senderId: userId, sessionId, seq, text, createdAt } = found;
    return { userId, snapshot: { sessionId, seq, text, createdAt: createdAt.toISOString() } };
  }

  async #message(reporter: User, id: string): Promise<ReportTarget | null> {
    const found = await this.#deps.messages.findSeen(reporter.id, id);
    if (found === null || found.senderId === null || found.messageDeletedAt !== null) return null;
    const { senderId: userId, conversationId, seq, messageKind: kind, text, sentAt } = found;
    return { userId, snapshot: { conversationId, seq, kind, text, createdAt: sentAt.toISOString() } };
  }

  async #status(reporter: User, id: string): Promise<ReportTarget | null> {
    const found = await this.#deps.statuses.find(reporter, id);
    if (found === null) return null;
    const { userId, text, mediaId, createdAt } = found;
    return { userId, snapshot: { text, mediaId, createdAt: createdAt.toISOString() } };
  }
}
