import type { PieceReader } from "../../shared/imports/chunk-reader";
import type { Scratch } from "../../shared/imports/scratch";
import { bucketSource } from "./bucket-source";

/** Every part of an upload but the last has the same size. */
const PART_BYTES = 8 * 1024 * 1024;

/** Room beside the upload in the region's bucket. What was not put there to its end is not there. */
export function bucketScratch(files: R2Bucket, key: string): Scratch {
  return {
    async kept() {
      const file = await files.head(key);
      return file === null ? undefined : bucketSource(files, key, file.size);
    },
    async keep(reader) {
      const size = await putParts(files, key, reader);
      return bucketSource(files, key, size);
    },
  };
}

async function putParts(files: R2Bucket, key: string, reader: PieceReader): Promise<number> {
  const upload = await files.createMultipartUpload(key);
  try {
    const parts: R2UploadedPart[] = [];
    let part = new Uint8Array(PART_BYTES);
    let filled = 0;
    let size = 0;
    for (let piece = await reader.read(); piece !== undefined; piece = await reader.read()) {
      size += piece.length;
      for (let at = 0; at < piece.length;) {
        const taken = Math.min(piece.length - at, PART_BYTES - filled);
        part.set(piece.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
        if (filled < PART_BYTES) continue;
        parts.push(await upload.uploadPart(parts.length + 1, part));
        part = new Uint8Array(PART_BYTES);
        filled = 0;
      }
    }
    if (filled > 0 || parts.length === 0) parts.push(await upload.uploadPart(parts.length + 1, part.subarray(0, filled)));
    await upload.complete(parts);
    return size;
  } catch (error) {
    await upload.abort();
    throw error;
  } finally {
    await reader.cancel();
  }
}
