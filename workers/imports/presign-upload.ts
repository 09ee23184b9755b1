import { AwsClient } from "aws4fetch";
import { HOUR_MS, SECOND_MS } from "../../shared/clock";
import { PLACES, type Region } from "../../shared/region";

/** How long an upload may take to begin. */
const VALID_S = HOUR_MS / SECOND_MS;

export interface PresignSettings {
  /** Account id; empty where the bucket has no public S3 endpoint. */
  readonly account: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Origin of a developer's machine, whose runtime serves the buckets itself. */
  readonly localOrigin: string | undefined;
}

/** Signs a URL under which exactly one object may be put, with any content type. */
export type Presigner = (key: string) => Promise<string>;

/**
 * The presigner of a region's bucket (AWS Signature Version 4 in the query), or undefined where presigning is switched off. The file
 * then goes from the client to the region's bucket without passing the Worker, whose body size the platform limits.
 */
export function presigner(settings: PresignSettings, region: Region): Presigner | undefined {
  const base = endpoint(settings, region);
  if (base === undefined) return undefined;
  const { accessKeyId, secretAccessKey } = settings;
  const client = new AwsClient({ accessKeyId, secretAccessKey, service: "s3", region: "auto" });
  return async (key) => {
    const url = new URL(`${base}/files-${region}/${key}`);
    url.searchParams.set("X-Amz-Expires", String(VALID_S));
    const signed = await client.sign(new Request(url, { method: "PUT" }), { aws: { signQuery: true } });
    return signed.url;
  };
}

function endpoint({ account, localOrigin }: PresignSettings, region: Region): string | undefined {
  if (account === "") return localOrigin === undefined ? undefined : `${localOrigin}/cdn-cgi/local/r2/s3`;
  const { jurisdiction } = PLACES[region];
  return `https://${account}.${jurisdiction === undefined ? "" : `${jurisdiction}.`}r2.cloudflarestorage.com`;
}
