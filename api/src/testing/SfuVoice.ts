import { randomUUID } from 'node:crypto';
import { withdrawSfuNode, type Redis } from '@maydan/common';
import {
  factStream,
  sfuCommand,
  sfuCommandChannel,
  sfuNodeKey,
  sfuNodesKey,
  sfuNodeTtlMs,
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

/** Its word holds longer than that of a real node: the process of a test may stand still. */
const ttlMs = 600_000;

/** What the api hears of an sfu node, and tells it: announcement, facts and commands. */
export class SfuVoice {
  readonly commands: Listener<typeof sfuCommand>;
  readonly #redis: Redis;
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
  }

  get nodeId(): string {
    return this.#node.nodeId;
  }

  async announce(change: Partial<SfuNode>): Promise<void> {
    this.#node = { ...this.#node, ...change };
    await this.#say(ttlMs);
  }

  /** Says nothing any more, as if it were killed. */
  die(): Promise<void> {
    return this.#say(sfuNodeTtlMs);
  }

  async #say(holdsMs: number): Promise<void> {
    const write = this.#redis.multi().set(sfuNodeKey(this.nodeId), JSON.stringify(this.#node), 'PX', holdsMs);
    await write.sadd(sfuNodesKey, this.nodeId).exec();
  }

  async close(): Promise<void> {
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
