import { newId, type Database, type Language, type Notification, type PushDevice } from '@maydan/prisma';

/** A user has so many devices; a further one takes the place of the oldest. */
const maxDevices = 20;
const dueAtOnce = 100;

export interface NewDevice {
  readonly userId: string;
  readonly signInId: string;
  readonly kind: PushDevice['kind'];
  readonly target: string;
  readonly p256dh: string | null;
  readonly auth: string | null;
}

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

  /** A device has one owner: who is signed in on it now. */
  async register(device: NewDevice): Promise<PushDevice> {
    const { target, ...data } = device;
    const row = await this.#database.pushDevice.upsert({
      where: { target },
      create: { id: newId(), ...device },
      update: { ...data, createdAt: new Date() },
    });
    const kept = await this.list(device.userId);
    await this.#database.pushDevice.deleteMany({
      where: { id: { in: kept.slice(maxDevices).map(({ id }) => id) } },
    });
    return row;
  }

  list(userId: string): Promise<PushDevice[]> {
    return this.#database.pushDevice.findMany({
      where: { userId },
      orderBy: { createdAt: 'desc' },
      take: 200,
    });
  }

  async remove(userId: string, id: string): Promise<void> {
    await this.#database.pushDevice.deleteMany({ where: { userId, id } });
  }

  /** The push service knows it no more; one that was registered anew meanwhile stays. */
  async gone({ id, target, p256dh }: PushDevice): Promise<void> {
    await this.#database.pushDevice.deleteMany({ where: { id, target, p256dh } });
  }

  /** Devices go with their sign-in. */
  async removeEnded(now: Date): Promise<void> {
    await this.#database.pushDevice.deleteMany({
      where: { signIn: { OR: [{ endedAt: { not: null } }, { expiresAt: { lt: now } }] } },
    });
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
