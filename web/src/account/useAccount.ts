import { createApiClient } from '@maydan/contracts';
import { useSyncExternalStore } from 'react';
import { device } from '../api/device.ts';
import { Account } from './Account.ts';
import type { AccountView, TokenStore } from './Account.ts';

const key = 'maydan.account';
let memory: string | null = null;

/** Kept in the browser; where it refuses storage (private mode) the sign-in lasts as long as the page. */
const store: TokenStore = {
  read() {
    try {
      return localStorage.getItem(key);
    } catch {
      return memory;
    }
  },
  write(text) {
    memory = text;
    try {
      if (text === null) localStorage.removeItem(key);
      else localStorage.setItem(key, text);
    } catch {
      // `memory` has it.
    }
  },
  exclusively(work) {
    // Only secure contexts have locks; without them the api refuses one of two tabs, which then asks again.
    return 'locks' in navigator ? navigator.locks.request(key, work) : work();
  },
};

/** The one account of this page. */
export const account = new Account({
  client: (accessToken) =>
    createApiClient({ baseUrl: location.origin, accessToken, deviceToken: device.read }),
  store,
  nowMs: Date.now,
});

/** Finds out who is signed in, now and whenever another tab signs in or out. */
export function startAccount(): void {
  void account.open();
  window.addEventListener('storage', (event) => {
    if (event.key === key) void account.open();
  });
}

export function useAccount(): AccountView {
  return useSyncExternalStore(account.subscribe, account.snapshot);
}
