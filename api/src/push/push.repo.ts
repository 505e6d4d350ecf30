import {
  newId,
  type Database,
  type DatabaseTransaction,
  type Language,
  type Notification,
  type PushDevice,
} from '@maydan/prisma';
import { pushTime } from '../notifications/delivery.ts';
import { quietOf, type QuietColumns } from '../notifications/quietHours.ts';

/** A user has so many devices; a further one takes the place of the oldest. */
const maxDevices = 20;
const dueAtOnce = 100;

/** Where pushes go, and, of web push, what they are encrypted with. */
export type PushTarget = Pick<PushDevice, 'kind' | 'target' | 'p256dh' | 'auth'>;
export type NewDevice = PushTarget & Pick<PushDevice, 'userId' | 'signInId'>;

/** One notification for one device. */
export interface DuePush {
  readonly userId: string;
  readonly notificationId: string;
  readonly deviceId: string;
  readonly pushAt: Date;
}

/** What is due, and what its owner wishes by now. */
interface DueNotification extends QuietColumns, Pick<Notification, 'userId' | 'id' | 'type' | 'at'> {
  readonly push: boolean;
}

/** What a push is made of. */
export interface PushParts {
  readonly notification: Notification;
  readonly device: PushDevice;
  readonly language: Language | null;
}

/** Devices, and the pushes that are due, in PostgreSQL. */
export class PushRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * A device has one owner: who is signed in on it now. Null when the sign-in has ended; one that ends at the same time
   * either sees the device and removes it, or is seen here.
   */
  async register(device: NewDevice): Promise<PushDevice | null> {
    const { userId, signInId, kind, target, p256dh, auth } = device;
    const [row] = await this.#database.$queryRaw<PushDevice[]>`
      INSERT INTO "PushDevice" AS d
        ("id", "userId", "signInId", "kind", "target", "p256dh", "auth", "createdAt")
      SELECT ${newId()}::uuid, ${userId}::uuid, s."id", ${kind}::"PushKind", ${target}::text, ${p256dh}::text,
        ${auth}::text, ${new Date()}::timestamptz
      FROM "SignIn" s WHERE s."id" = ${signInId}::uuid AND s."endedAt" IS NULL FOR SHARE
      ON CONFLICT ("target") DO UPDATE SET "userId" = EXCLUDED."userId", "signInId" = EXCLUDED."signInId",
        "kind" = EXCLUDED."kind", "p256dh" = EXCLUDED."p256dh", "auth" = EXCLUDED."auth",
        "createdAt" = EXCLUDED."createdAt"
      RETURNING d.*`;
    if (row === undefined) return null;
    const kept = await this.list(userId);
    await this.#database.pushDevice.deleteMany({
      where: { id: { in: kept.slice(maxDevices).map(({ id }) => id) } },
    });
    return row;
  }

  list(userId: string): Promise<PushDevice[]> {
    return this.#database.pushDevice.findMany({
      where: { userId },
      // Registered at the same time, they have an order nevertheless: all processes keep the same ones.
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: 200,
    });
  }

  async remove(userId: string, id: string): Promise<void> {
    await this.#database.pushDevice.deleteMany({ where: { userId, id } });
  }

  /** The push service knows it no more; one that was registered anew meanwhile stays. */
  async gone({ id, target, p256dh, createdAt }: PushDevice): Promise<void> {
    await this.#database.pushDevice.deleteMany({ where: { id, target, p256dh, createdAt } });
  }

  /** Devices go with their sign-in; of one that expires nobody tells us. */
  async removeEnded(now: Date): Promise<void> {
    await this.#database.pushDevice.deleteMany({ where: { signIn: { expiresAt: { lt: now } } } });
  }

  async isDue(now: Date): Promise<boolean> {
    const found = await this.#database.notification.findFirst({
      where: { pushAt: { lte: now } },
      select: { id: true },
    });
    return found !== null;
  }

  /**
   * Hands over what is due; what could not be handed over stays due. Of any number of processes one does it. What its owner
   * doesn't want any more isn't sent, and what became due within quiet hours is when they end: they may have begun since.
   */
  queueDue(now: Date, queue: (pushes: DuePush[]) => Promise<void>): Promise<void> {
    return this.#database.$transaction(
      async (transaction) => {
        const due = (await takeDue(transaction, now)).map((row) => {
          const pushAt = row.push ? pushTime(quietOf(row), row.type, row.at, now) : null;
          const isNow = pushAt !== null && pushAt <= now;
          return { userId: row.userId, id: row.id, isNow, later: isNow ? null : pushAt };
        });
        const sent = due.filter(({ isNow }) => isNow);
        await queue(
          await transaction.$queryRaw<DuePush[]>`
            SELECT n."userId", n."id" AS "notificationId", n."pushAt", d."id" AS "deviceId"
            FROM unnest(${sent.map(({ userId }) => userId)}::uuid[], ${sent.map(({ id }) => id)}::uuid[]) AS due("userId", "id")
            JOIN "Notification" n ON n."userId" = due."userId" AND n."id" = due."id"
            JOIN "PushDevice" d ON d."userId" = n."userId"
            JOIN "SignIn" s ON s."id" = d."signInId" AND s."endedAt" IS NULL AND s."expiresAt" > ${now}::timestamptz`,
        );
        await transaction.$executeRaw`
          UPDATE "Notification" n SET "pushAt" = due."later",
            "pushedAt" = CASE WHEN due."isNow" THEN ${now}::timestamptz ELSE n."pushedAt" END
          FROM unnest(${due.map(({ userId }) => userId)}::uuid[], ${due.map(({ id }) => id)}::uuid[],
            ${due.map(({ later }) => later)}::timestamptz[], ${due.map(({ isNow }) => isNow)}::boolean[])
            AS due("userId", "id", "later", "isNow")
          WHERE n."userId" = due."userId" AND n."id" = due."id"`;
      },
      { timeout: 15_000 },
    );
  }

  /** Null when it was read or deleted meanwhile, or the device is gone or signed out. */
  async find(userId: string, notificationId: string, deviceId: string): Promise<PushParts | null> {
    const device = await this.#database.pushDevice.findUnique({
      where: { id: deviceId, userId, signIn: { endedAt: null, expiresAt: { gt: new Date() } } },
      include: { user: { select: { language: true, bannedAt: true } } },
    });
    if (device === null || device.user.bannedAt !== null) return null;
    const notification = await this.#database.notification.findUnique({
      where: { userId_id: { userId, id: notificationId }, readAt: null },
    });
    return notification === null ? null : { notification, device, language: device.user.language };
  }
}

function takeDue(transaction: DatabaseTransaction, now: Date): Promise<DueNotification[]> {
  return transaction.$queryRaw<DueNotification[]>`
    SELECT n."userId", n."id", n."type", n."at", s."quietFromMin", s."quietToMin", s."timeZone",
      coalesce(n."type" <> ALL (s."pushOff"), true) AS "push"
    FROM "Notification" n LEFT JOIN "NotificationSettings" s ON s."userId" = n."userId"
    WHERE n."pushAt" <= ${now}::timestamptz ORDER BY n."pushAt" LIMIT ${dueAtOnce} FOR UPDATE OF n SKIP LOCKED`;
}
