import { Readable } from 'node:stream';
import type { AccountExport } from '@maydan/prisma';
import type { MediaStore } from '../storage/MediaStore.ts';

/** An address is good for one to two windows. */
const windowSec = 300;
const type = 'application/json';

/** Files of exports in the storage. They are named after their run, so that one that was taken over writes into nobody's. */
export class ExportStore {
  readonly #store: Pick<MediaStore, 'put' | 'remove' | 'download'>;

  constructor(store: Pick<MediaStore, 'put' | 'remove' | 'download'>) {
    this.#store = store;
  }

  async put({ id, run }: AccountExport, number: number, file: Buffer): Promise<void> {
    const body = Readable.from([file]);
    await this.#store.put(exportKey(id, run, number), body, { type, byteLength: file.length });
  }

  /** Addresses for whoever it is about, of one that is ready. */
  links({ id, run, createdAt, fileBytes }: AccountExport, now: Date): { url: string; byteLength: number }[] {
    const day = createdAt.toISOString().slice(0, 10);
    return fileBytes.map((byteLength, index) => {
      const saveAs = `maydan-export-${day}-${index + 1}.json`;
      return {
        url: this.#store.download(exportKey(id, run, index + 1), { type, saveAs, windowSec }, now),
        byteLength,
      };
    });
  }

  /** All that any run has stored; may be repeated. */
  async removeAll({ id, run: runs, mostFiles }: AccountExport): Promise<void> {
    for (let run = 1; run <= runs; run += 1) {
      for (let number = 1; number <= mostFiles; number += 1) {
        await this.#store.remove(exportKey(id, run, number));
      }
    }
  }
}

/** Where a file of an export is in the storage. */
export function exportKey(id: string, run: number, number: number): string {
  return `exports/${id}/${run}-${number}.json`;
}
