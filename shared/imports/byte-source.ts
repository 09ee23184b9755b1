/** Random access to a file: an object in a bucket, or bytes in memory. */
export interface ByteSource {
  /** Length in bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`; the range lies within the file. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The bytes from `offset`, `length` of them, as a stream. */
  stream(offset: number, length: number): Promise<ReadableStream<Uint8Array>>;
}

/** A source over bytes in memory, handed out in chunks of `chunkSize`. */
export function memorySource(bytes: Uint8Array, chunkSize = 65_536): ByteSource {
  return {
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
    stream: (offset, length) => {
      const end = offset + length;
      let at = offset;
      return Promise.resolve(
        new ReadableStream<Uint8Array>({
          pull(controller) {
            if (at >= end) return controller.close();
            const next = Math.min(at + chunkSize, end);
            // A copy: consumers may transfer what they are given.
            controller.enqueue(bytes.slice(at, next));
            at = next;
          },
        }),
      );
    },
  };
}
