/**
 * The regions in which a person's data may lie. `eu` and `us` are jurisdictions; `ap` is placement by hint and is never
 * called residency.
 */
export const REGIONS = ["eu", "us", "ap"] as const;
export type Region = (typeof REGIONS)[number];

export function isRegion(value: unknown): value is Region {
  return typeof value === "string" && (REGIONS as readonly string[]).includes(value);
}

/** The bindings that hold the regions' key rings. */
export interface RegionalSecrets {
  readonly KEYS_EU: string;
  readonly KEYS_US: string;
  readonly KEYS_AP: string;
}

/** A region's key ring, a JSON text: see `shared/crypto/keys.ts`. */
export function keyRingOf(secrets: RegionalSecrets, region: Region): string {
  switch (region) {
    case "eu":
      return secrets.KEYS_EU;
    case "us":
      return secrets.KEYS_US;
    case "ap":
      return secrets.KEYS_AP;
  }
}

/** What is asked of the platform when an object of a region is opened. */
export interface Place {
  readonly jurisdiction: "eu" | "us" | undefined;
  readonly locationHint: "apac" | undefined;
}

export const PLACES: Readonly<Record<Region, Place>> = {
  eu: { jurisdiction: "eu", locationHint: undefined },
  us: { jurisdiction: "us", locationHint: undefined },
  ap: { jurisdiction: undefined, locationHint: "apac" },
};

/** The part of a Durable Object namespace that opening an object by name needs. */
export interface ObjectNamespace<Stub> {
  jurisdiction(jurisdiction: "eu" | "us"): ObjectNamespace<Stub>;
  getByName(name: string, options?: { locationHint?: "apac" }): Stub;
}

/**
 * Opens an object of a region by name. Any `residency` other than `"off"`, a missing one included, pins it to its
 * jurisdiction; local runtimes know no jurisdictions and run with `"off"`.
 */
export function openIn<Stub>(namespace: ObjectNamespace<Stub>, region: Region, name: string, residency: string | undefined): Stub {
  const { jurisdiction, locationHint } = PLACES[region];
  const pinned = jurisdiction === undefined || residency === "off" ? namespace : namespace.jurisdiction(jurisdiction);
  return locationHint === undefined ? pinned.getByName(name) : pinned.getByName(name, { locationHint });
}
