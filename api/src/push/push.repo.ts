import { newId, type Database, type Language, type Notification, type PushDevice } from '@maydan/prisma';

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

  /** Hands over what is due; what could not be handed over stays due. Of any number of processes one does it. */
  queueDue(now: Date, queue: (pushes: DuePush[]) => Promise<void>): Promise<void> {
    return this.#database.$transaction(
      async (transaction) => {
        const due = await transaction.$queryRaw<{ userId: string; id: string }[]>`
          SELECT "userId", "id" FROM "Notification" WHERE "pushAt" <= ${now}::timestamptz
          ORDER BY "pushAt" LIMIT ${dueAtOnce} FOR UPDATE SKIP LOCKED`;
        const [userIds, ids] = [due.map(({ userId }) => userId), due.map(({ id }) => id)];
        await queue(
          await transaction.$queryRaw<DuePush[]>`
            SELECT n."userId", n."id" AS "notificationId", n."pushAt", d."id" AS "deviceId"
            FROM unnest(${userIds}::uuid[], ${ids}::uuid[]) AS due("userId", "id")
            JOIN "Notification" n ON n."userId" = due."userId" AND n."id" = due."id"
            JOIN "PushDevice" d ON d."userId" = n."userId"
            JOIN "SignIn" s ON s."id" = d."signInId" AND s."endedAt" IS NULL AND s."expiresAt" > ${now}::timestamptz`,
        );
        await transaction.$executeRaw`
          UPDATE "Notification" n SET "pushAt" = NULL, "pushedAt" = ${now}::timestamptz
          FROM unnest(${userIds}::uuid[], ${ids}::uuid[]) AS due("userId", "id")
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
