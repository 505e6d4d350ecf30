import type { Account, TestApi } from './TestApi.ts';
import { TestBackend } from './TestBackend.ts';

export interface Staffed {
  readonly backend: TestBackend;
  readonly api: TestApi;
  readonly host: Account;
  readonly ann: Account;
  readonly moderator: Account;
  readonly admin: Account;
}

/** A backend with an api, two people, a moderator and an admin. Who starts it closes the backend. */
export async function startStaffed(): Promise<Staffed> {
  const backend = await TestBackend.start();
  try {
    const api = await backend.startApi();
    const [host, ann, moderator, admin] = (await api.people(4)) as [Account, Account, Account, Account];
    await backend.giveRole(moderator, 'moderator');
    await backend.giveRole(admin, 'admin');
    return { backend, api, host, ann, moderator, admin };
  } catch (error) {
    await backend.close();
    throw error;
  }
}
