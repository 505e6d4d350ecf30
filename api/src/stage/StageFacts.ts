import type { Logger } from '@maydan/common';
import type { FactOf } from '@maydan/contracts';
import { isOver } from '../sessions/controlDocument.ts';
import type { SessionCommands } from '../sessions/SessionCommands.ts';
import type { SessionsRepo } from '../sessions/sessions.repo.ts';
import type { SfuCommands } from './SfuCommands.ts';
import type { StageRepo } from './stage.repo.ts';

export type StageFact = FactOf<
  'stage.started' | 'stage.stopped' | 'stage.peerJoined' | 'stage.peerLeft' | 'stage.health'
>;

export interface StageFactsDependencies {
  readonly repo: StageRepo;
  readonly sessions: SessionsRepo;
  readonly commands: SessionCommands;
  readonly sfu: SfuCommands;
  readonly logger: Logger;
}

/** Applies what sfu nodes tell about stages. Of facts about the same thing the newest counts, in whatever order they come. */
export class StageFacts {
  readonly #deps: StageFactsDependencies;

  constructor(dependencies: StageFactsDependencies) {
    this.#deps = dependencies;
  }

  async handle(fact: StageFact): Promise<void> {
    const session = await this.#deps.sessions.find(fact.sessionId);
    if (session === null || isOver(session.state)) {
      // A room may open while its session ends.
      if (fact.type !== 'stage.stopped' && fact.type !== 'stage.peerLeft')
        await this.#deps.sfu.closeRoom(fact.sessionId, 'sessionEnded');
      return;
    }
    switch (fact.type) {
      case 'stage.started':
        await this.#deps.repo.setNode(fact, true);
        if (await this.#deps.repo.isOn(session.id)) await this.#deps.commands.run('live.composite', session);
        return;
      case 'stage.stopped':
        return this.#deps.repo.setNode(fact, false);
      case 'stage.peerJoined':
      case 'stage.peerLeft':
        return;
      case 'stage.health':
        return;
    }
  }
}
