export interface FlvMessage {
  readonly type: number;
  readonly timestampMs: number;
  readonly payload: Buffer;
}

const fileHeaderBytes = 13;
const tagHeaderBytes = 11;

/** Takes an FLV apart and fails where its lengths don't fit. */
export class FlvReader {
  readonly messages: FlvMessage[] = [];
  #input = Buffer.alloc(0);
  #begun = false;

  write(data: Buffer): void {
    this.#input = Buffer.concat([this.#input, data]);
    if (!this.#begun) {
      if (this.#input.length < fileHeaderBytes) return;
      if (this.#input.toString('latin1', 0, 3) !== 'FLV') throw new Error('not an FLV');
      this.#input = this.#input.subarray(fileHeaderBytes);
      this.#begun = true;
    }
    while (this.#tag());
  }

  #tag(): boolean {
    const input = this.#input;
    if (input.length < tagHeaderBytes) return false;
    const end = tagHeaderBytes + input.readUIntBE(1, 3);
    if (input.length < end + 4) return false;
    if (input.readUInt32BE(end) !== end) throw new Error('PreviousTagSize is wrong');
    this.messages.push({
      type: input.readUInt8(0),
      timestampMs: input.readUIntBE(4, 3) + input.readUInt8(7) * 2 ** 24,
      payload: Buffer.from(input.subarray(tagHeaderBytes, end)),
    });
    this.#input = input.subarray(end + 4);
    return true;
  }
}
