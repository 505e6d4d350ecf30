import { randomUUID } from 'node:crypto';
import { announceSfuNode, withdrawSfuNode, type Redis } from '@maydan/common';
import {
  factStream,
  sfuCommand,
  sfuCommandChannel,
  type Fact,
  type LeaveReason,
  type SfuNode,
  type StageRole,
} from '@maydan/contracts';
import { Listener } from './Listener.ts';

export interface Device {
  readonly sessionId: string;
  readonly peerId: string;
  readonly userId: string | null;
  readonly role: StageRole;
}

/** What the api hears of an sfu node, and tells it: announcement, facts and commands. */
export class SfuVoice {
  readonly commands: Listener<typeof sfuCommand>;
  readonly #redis: Redis;
  readonly #timer: NodeJS.Timeout;
  #node: SfuNode;

  static async start(redis: Redis, change: Partial<SfuNode> = {}): Promise<SfuVoice> {
    const commands = await Listener.on(redis, sfuCommandChannel, sfuCommand);
    const nodeId = `node-${randomUUID().slice(0, 8)}`;
    const place = { publicUrl: null, publicPort: 8082, internalUrl: 'http://127.0.0.1:8082' };
    const voice = new SfuVoice(redis, commands, { nodeId, ...place, load: 0, rooms: [], ...change });
    await voice.announce({});
    return voice;
  }

  private constructor(redis: Redis, commands: Listener<typeof sfuCommand>, node: SfuNode) {
    this.#redis = redis;
    this.commands = commands;
    this.#node = node;
    this.#timer = setInterval(() => void announceSfuNode(redis, this.#node).catch(() => undefined), 500);
  }

  get nodeId(): string {
    return this.#node.nodeId;
  }

  async announce(change: Partial<SfuNode>): Promise<void> {
    this.#node = { ...this.#node, ...change };
    await announceSfuNode(this.#redis, this.#node);
  }

  /** Says nothing any more, as if it were killed. */
  die(): void {
    clearInterval(this.#timer);
  }

  async close(): Promise<void> {
    this.die();
    this.commands.close();
    await withdrawSfuNode(this.#redis, this.nodeId);
  }

  async open(sessionId: string): Promise<void> {
    await this.announce({ rooms: [...this.#node.rooms, sessionId] });
  }

  started(sessionId: string, at = new Date()): Promise<void> {
    return this.tell({ type: 'stage.started', sessionId, nodeId: this.nodeId, at: at.toISOString() });
  }

  stopped(sessionId: string, at = new Date()): Promise<void> {
    return this.tell({ type: 'stage.stopped', sessionId, nodeId: this.nodeId, at: at.toISOString() });
  }

  joined(device: Device, at = new Date()): Promise<void> {
    return this.tell({ type: 'stage.peerJoined', ...device, nodeId: this.nodeId, at: at.toISOString() });
  }

  left(device: Device, reason: LeaveReason, at = new Date()): Promise<void> {
    const { nodeId } = this;
    return this.tell({ type: 'stage.peerLeft', ...device, reason, nodeId, at: at.toISOString() });
  }

  async tell(fact: Fact): Promise<void> {
    await this.#redis.xadd(factStream, '*', 'fact', JSON.stringify(fact));
  }
}
