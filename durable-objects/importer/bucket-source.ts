import type { ByteSource } from "../../shared/imports/byte-source";

/** A file in the region's bucket, read by ranges. Throws an Error where the file is gone: that is no fault of the file. */
export function bucketSource(files: R2Bucket, key: string, size: number): ByteSource {
  const open = async (offset: number, length: number): Promise<R2ObjectBody> => {
    const object = await files.get(key, { range: { offset, length } });
    if (object === null) throw new Error("the uploaded file is gone");
    return object;
  };
  return {
    size,
    read: async (offset, length) => (length === 0 ? new Uint8Array() : new Uint8Array(await (await open(offset, length)).arrayBuffer())),
    stream: async (offset, length) => (length === 0 ? emptyStream() : (await open(offset, length)).body),
  };
}

function emptyStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.close();
    },
  });
}
