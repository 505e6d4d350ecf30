import { maxNamed, type RoomEvent } from '@maydan/contracts';

/** Whom something is told: all, the host and moderators alone, or all others alone. */
export type RoomAudience = 'everyone' | 'staff' | 'viewers';

export interface RoomEntry {
  readonly event: RoomEvent;
  readonly to: RoomAudience;
}

export interface RoomBatch {
  readonly events: readonly RoomEvent[];
  /** Messages that there were. */
  readonly written: number;
  /** How many of them are among the events. */
  readonly shown: number;
}

/** What the two halves of a room are told; one and the same object when there is no difference. */
export interface RoomPlan {
  readonly staff: RoomBatch;
  readonly viewers: RoomBatch;
  /** Messages of viewers that viewers are shown: what counts against their rate. */
  readonly spent: number;
}

type MessageEvent = Extract<RoomEvent, { type: 'message' }>;

/**
 * What a room is told of what came together in a tick. Of viewers' messages viewers are shown `budget` at most: a fair
 * sample, in which each sender has as good a chance as any other, however much they write. Pure but for `random`.
 */
export function planRoom(
  entries: readonly RoomEntry[],
  budget: number,
  random: () => number = Math.random,
): RoomPlan {
  const forViewers = entries.filter(({ to }) => to !== 'staff').map(({ event }) => event);
  const ordinary = forViewers.filter(isOrdinary);
  const kept = sample(ordinary, budget, random);
  const viewersEvents = forViewers.filter((event) => !isOrdinary(event) || kept.has(event));
  const viewers = batchOf(viewersEvents, forViewers.filter(isMessage).length);
  const isSame = kept.size === ordinary.length && entries.every(({ to }) => to === 'everyone');
  if (isSame) return { staff: viewers, viewers, spent: kept.size };
  const forStaff = entries.filter(({ to }) => to !== 'viewers').map(({ event }) => event);
  return { staff: batchOf(forStaff, forStaff.filter(isMessage).length), viewers, spent: kept.size };
}

function batchOf(events: readonly RoomEvent[], written: number): RoomBatch {
  return { events: merged(events), written, shown: events.filter(isMessage).length };
}

function isMessage(event: RoomEvent): event is MessageEvent {
  return event.type === 'message';
}

/** What hosts, moderators and co-hosts write is always shown. */
function isOrdinary(event: RoomEvent): event is MessageEvent {
  return isMessage(event) && event.message.role === 'viewer';
}

/** One message of each sender, then a second of each ... in random order of the senders, until there are enough. */
function sample(
  messages: readonly MessageEvent[],
  budget: number,
  random: () => number,
): ReadonlySet<RoomEvent> {
  if (messages.length <= budget) return new Set(messages);
  const bySender = Map.groupBy(messages, ({ message }) => message.sender?.id ?? '');
  const lines = [...bySender.values()].map((line) => ({ line, order: random() }));
  lines.sort((one, other) => one.order - other.order);
  const kept = new Set<RoomEvent>();
  for (let round = 0; kept.size < budget; round++) {
    const left = lines.flatMap(({ line }) => line[round] ?? []);
    if (left.length === 0) break;
    for (const message of left.slice(0, budget - kept.size)) kept.add(message);
  }
  return kept;
}

/** What only its newest state matters of, or what adds up, becomes one event, at the place of its last. */
function merged(events: readonly RoomEvent[]): RoomEvent[] {
  const newest = new Map<RoomEvent['type'], RoomEvent>();
  const told: RoomEvent[] = [];
  for (const event of events) {
    const one = mergedWith(newest.get(event.type), event);
    if (one === null) {
      told.push(event);
      continue;
    }
    const before = newest.get(event.type);
    if (before !== undefined) told.splice(told.indexOf(before), 1);
    newest.set(event.type, one);
    told.push(one);
  }
  return told;
}

/** Null for what is told one by one. */
function mergedWith(before: RoomEvent | undefined, event: RoomEvent): RoomEvent | null {
  switch (event.type) {
    case 'pins':
    case 'settings':
    case 'viewers':
      return event;
    case 'left':
      return { ...event, count: event.count + (before?.type === 'left' ? before.count : 0) };
    case 'joined':
    case 'typing': {
      if (before?.type !== event.type) return event;
      const known = new Set(before.users.map(({ id }) => id));
      const others = event.users.filter(({ id }) => !known.has(id));
      const again = event.users.length - others.length;
      const users = [...before.users, ...others].slice(0, maxNamed);
      return { ...event, users, count: before.count + event.count - again };
    }
    case 'reactions': {
      if (before?.type !== 'reactions') return event;
      const counts = { ...before.counts };
      for (const [kind, count] of Object.entries(event.counts)) {
        const known = kind as keyof typeof counts;
        counts[known] = (counts[known] ?? 0) + count;
      }
      return { ...event, counts };
    }
    default:
      return null;
  }
}
