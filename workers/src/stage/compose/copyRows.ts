/** What is needed here of an API that the types of Node leave to those of browsers. */
declare const WebAssembly: {
  readonly Memory: new (pages: { initial: number; maximum: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: { readonly c: CopyRows } };
};

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** Copies `rows` (at least one) rows of `width` bytes that lie behind each other to where rows are `step` bytes apart. Offsets into the memory. */
export type CopyRows = (to: number, step: number, from: number, width: number, rows: number) => void;

const pageBytes = 65_536;

/**
 * (module
 *   (import "" "m" (memory 0))
 *   (func (export "c") (param $to i32) (param $step i32) (param $from i32) (param $width i32) (param $rows i32)
 *     (loop $row
 *       (memory.copy (local.get $to) (local.get $from) (local.get $width))
 *       (local.set $to (i32.add (local.get $to) (local.get $step)))
 *       (local.set $from (i32.add (local.get $from) (local.get $width)))
 *       (br_if $row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1)))))))
 */
const code = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  // Type 0: five i32, nothing back.
  ...[1, 9, 1, 0x60, 5, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0],
  // Import the memory "" "m"; function 0 of type 0; export it as "c".
  ...[2, 7, 1, 0, 1, 0x6d, 2, 0, 0],
  ...[3, 2, 1, 0],
  ...[7, 5, 1, 1, 0x63, 0, 0],
  ...[10, 40, 1, 38, 0, 0x03, 0x40],
  ...[0x20, 0, 0x20, 2, 0x20, 3, 0xfc, 10, 0, 0],
  ...[0x20, 0, 0x20, 1, 0x6a, 0x21, 0],
  ...[0x20, 2, 0x20, 3, 0x6a, 0x21, 2],
  ...[0x20, 4, 0x41, 1, 0x6b, 0x22, 4, 0x0d, 0],
  ...[0x0b, 0x0b],
);

let compiled: object | null = null;

/**
 * Memory of so many bytes and rows copied within it. A call of Buffer's or a typed array's own takes longer than a row of a
 * tile does, and a picture has thousands; here they are a loop of machine code.
 */
export function rowMemory(byteLength: number): { buffer: ArrayBuffer; copyRows: CopyRows } {
  compiled ??= new WebAssembly.Module(code);
  const pages = Math.ceil(byteLength / pageBytes);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(compiled, { '': { m: memory } });
  return { buffer: memory.buffer, copyRows: exports.c };
}
