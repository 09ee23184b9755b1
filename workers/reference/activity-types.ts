import { type PageQuery, pageOf } from "../../shared/http/page";
import { WORKOUT_NAMES } from "../../shared/health/workout-names";
import { plainName } from "../../shared/labs/catalogue";
import { notFound, problem } from "../../shared/problem";
import { add, allAdded, change, oneAdded } from "./added";
import type { ReferencePorts } from "./ports";

interface ActivityType {
  readonly key: string;
  readonly title: string;
  readonly synonyms: readonly string[];
}

interface ShownType extends ActivityType {
  readonly isAdded: boolean;
  readonly edition: number;
}

const OF_CODE: readonly ShownType[] = Object.entries(WORKOUT_NAMES).map(([key, names]) => ({
  key,
  title: spelled(key),
  synonyms: names.map((name) => name.replaceAll("_", " ")),
  isAdded: false,
  edition: 0,
}));

/** One page of the types of activities, those of the code and of the region together, in order of the key. */
export async function listActivities({ actor, records, keys }: ReferencePorts, query: PageQuery & { readonly q?: string | undefined }) {
  const added = await allAdded<ActivityType>(records, "activity_types");
  const wanted = query.q === undefined ? undefined : plainName(query.q);
  const items = [...OF_CODE, ...added.map((type) => ({ ...type, isAdded: true }))]
    .filter(({ title, synonyms }) => wanted === undefined || [title, ...synonyms].some((name) => plainName(name).includes(wanted)))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  return await pageOf(keys, actor.person, { name: `activity-types ${query.q ?? ""}`, items, place: ({ key }) => key }, query);
}

/** One type; problem `not_found`. */
export async function readActivity({ records }: ReferencePorts, key: string): Promise<ShownType> {
  const known = OF_CODE.find((type) => type.key === key);
  if (known !== undefined) return known;
  const added = await oneAdded<ActivityType>(records, "activity_types", key);
  if (added === undefined) throw notFound("activity type");
  return { ...added, isAdded: true };
}

/** Adds a type; problem `conflict` where the key is taken. */
export async function addActivity({ records }: ReferencePorts, type: ActivityType, now: number): Promise<ShownType> {
  if (OF_CODE.some(({ key }) => key === type.key)) throw problem("conflict", "This key is taken, or the list is full.");
  await add(records, "activity_types", type, now);
  return { ...type, isAdded: true, edition: 1 };
}

/** Changes a type that was added. Problems `not_found`, `forbidden` for one of the code, `precondition_failed`. */
export async function changeActivity(
  { records }: ReferencePorts,
  key: string,
  parts: Partial<Omit<ActivityType, "key">>,
  now: number,
): Promise<ShownType> {
  if (OF_CODE.some((type) => type.key === key)) throw problem("forbidden", "Types of the code are changed in the code.");
  const known = await oneAdded<ActivityType>(records, "activity_types", key);
  if (known === undefined) throw notFound("activity type");
  const changed = { ...known, ...parts };
  await change(records, "activity_types", changed, now);
  return { ...changed, isAdded: true, edition: known.edition + 1 };
}

function spelled(key: string): string {
  const words = key.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
