import type { Source } from "../../health/reading";
import { distanceMetric } from "../../health/workout-metrics";
import { workoutType } from "../../health/workout-types";
import { headingsIn, type TableRecord, tableRecords } from "../csv/records";
import { numberOf } from "../csv/values";
import type { Document } from "../documents/document";
import { isoMoment, type Moment, offsetSeconds } from "../documents/local-time";
import type { Format, FormatContext } from "../documents/reader";

const SOURCE: Source = { vendor: "whoop", deviceManufacturer: "WHOOP", deviceType: "band", recordingMethod: "automatic" };
const HALF_DAY_MS = 12 * 3_600_000;

/** Headings are in the account's language: English, German and Spanish are known. */
const COLUMNS = {
  cycleStart: /^(?:cycle start time|startzeit des zyklus|hora de inicio del ciclo)/,
  cycleEnd: /^(?:cycle end time|endzeit des zyklus|hora de finalización del ciclo)/,
  zone: /^(?:cycle timezone|zeitzone des zyklus|zona horaria del ciclo)/,
  recovery: /^(?:recovery score|erholungswert|puntuación de recuperación)/,
  resting: /^(?:resting heart rate|ruheherzfrequenz|frecuencia cardíaca en reposo)/,
  variability: /^(?:heart rate variability|herzfrequenzvariabilität|variabilidad de la frecuencia)/,
  skin: /^(?:skin temp|hauttemperatur|temp\. cutánea)/,
  oxygen: /^(?:blood oxygen|blutsauerstoff|oxígeno en sangre)/,
  dayStrain: /^(?:day strain|tagesbelastung|esfuerzo del día)/,
  energy: /^(?:energy burned|verbrannte energie|energía quemada)/,
  maxHeart: /^(?:max hr|max hf|fc máx)/,
  meanHeart: /^(?:average hr|durchschnittliche hf|fc promedio)/,
  onset: /^(?:sleep onset|beginn des schlafs|inicio del sueño)/,
  wake: /^(?:wake onset|beginn des aufwachens|inicio de la vigilia)/,
  performance: /^(?:sleep performance|schlafleistung|calificación del sueño)/,
  breathing: /^(?:respiratory rate|atemfrequenz|frecuencia respiratoria)/,
  asleep: /^(?:asleep duration|schlafdauer|duración del sueño)/,
  inBed: /^(?:in bed duration|dauer im bett|tiempo en la cama)/,
  light: /^(?:light sleep|dauer des leichtschlafs|duración de sueño ligero)/,
  deep: /^(?:deep \(sws\)|dauer des tiefschlafs|duración de sueño profundo)/,
  rem: /^(?:rem duration|dauer des rem|duración de sueño rem)/,
  awake: /^(?:awake duration|dauer des aufwachens|ti?empo despierto)/,
  need: /^(?:sleep need|schlafbedarf|sueño necesario)/,
  debt: /^(?:sleep debt|schlafdefizit|deuda de sueño)/,
  efficiency: /^(?:sleep efficiency|schlafeffizienz|eficiencia del sueño)/,
  consistency: /^(?:sleep consistency|schlaf(?:konsistenz|beständigkeit|regelmäßigkeit)|regularidad del sueño)/,
  nap: /^(?:nap|nickerchen|siesta)$/,
  workoutStart: /^(?:workout start time|startzeit des trainings|hora de inicio del entrenamiento)/,
  workoutEnd: /^(?:workout end time|endzeit des trainings|hora de finalización del entrenamiento)/,
  activity: /^(?:activity name|name der aktivität|nombre de la actividad)/,
  activityStrain: /^(?:activity strain|aktivitätsbelastung|esfuerzo de actividad)/,
  zone1: /^(?:hr zone 1|(?:hf.?)?zone 1|zona fc 1)/,
  zone2: /^(?:hr zone 2|(?:hf.?)?zone 2|zona fc 2)/,
  zone3: /^(?:hr zone 3|(?:hf.?)?zone 3|zona fc 3)/,
  zone4: /^(?:hr zone 4|(?:hf.?)?zone 4|zona fc 4)/,
  zone5: /^(?:hr zone 5|(?:hf.?)?zone 5|zona fc 5)/,
  distance: /^(?:distance|distanz|distancia)/,
  climb: /^(?:altitude gain|höhengewinn|ganancia de altitud)/,
} as const;
type Key = keyof typeof COLUMNS;
type Row = TableRecord<Key>;

const KINDS = [
  ["workouts", ["cycleStart", "workoutStart", "workoutEnd"]],
  ["cycles", ["cycleStart", "dayStrain"]],
  ["cycles", ["cycleStart", "recovery"]],
  ["sleeps", ["cycleStart", "onset", "wake"]],
] as const satisfies readonly (readonly [string, readonly Key[]])[];

/** Questions of the journal have no metric. */
const JOURNAL =
  /^(?:\u{feff})?"?(?:cycle start time|startzeit des zyklus|hora de inicio del ciclo)[^\n]*(?:question text|fragetext|texto de la pregunta)/iu;

/**
 * An account's export of WHOOP: tables of cycles (`physiological_cycles.csv`), nights (`sleeps.csv`) and workouts (`workouts.csv`), one record a
 * line. Times are wall clocks of the zone in "Cycle timezone" (`UTC+01:00`, `UTCZ`). "cal" is what the app shows, kilocalories. Durations are
 * minutes. Headings and forms were seen in published readers of such exports.
 */
export const WHOOP: Format = {
  name: "whoop",
  recognise: ({ text }) => kindOf(text) !== undefined || JOURNAL.test(text),
  read: readWhoop,
};

function kindOf(text: string): (typeof KINDS)[number] | undefined {
  return KINDS.find(([, required]) => headingsIn<Key>(text, COLUMNS, required) !== undefined);
}

async function* readWhoop(document: Document, context: FormatContext): AsyncGenerator<void, void> {
  const { text } = await document.head();
  const kind = kindOf(text);
  if (kind === undefined) return context.emit.warn("not_mapped", "Answers of the journal.");
  const [name, required] = kind;
  // An archive tells its nights twice: the table of nights has the naps too.
  const hasNights = context.has(/(?:^|\/)(?:sleeps|schlaf|sue(?:ñ|n\u0303)o)\.csv$/iu);
  const isFahrenheit = /skin temp[^,;\n]*fahrenheit/i.test(text);
  for await (const row of tableRecords<Key>(document, COLUMNS, required)) {
    if (name === "workouts") readWorkout(row, context);
    else if (name === "sleeps") readNight(row, context);
    else readCycle(row, context, { hasNights, isFahrenheit });
    yield;
  }
}

const number = (row: Row, key: Key): number | undefined => numberOf(row.cell(key), ".");

/** A wall clock in the cycle's zone, or in the person's where none is told. */
function moment(row: Row, key: Key, zone: string): Moment | undefined {
  const offset = /^(?:UTC|GMT)?(Z|[+-]\d{2}:?\d{2})$/i.exec(row.cell("zone"))?.[1];
  const text = row.cell(key);
  if (text === "") return undefined;
  return isoMoment(text, offset === undefined ? zone : /^z$/i.test(offset) ? 0 : offsetSeconds(offset));
}

const dateOf = ({ at, zone }: Moment): string => new Date(at + zone * 1_000).toISOString().slice(0, 10);

/** A day of WHOOP: from one falling asleep to the next. What was measured at night belongs to the morning, strain to the day after it. */
function readCycle(row: Row, context: FormatContext, { hasNights, isFahrenheit }: { hasNights: boolean; isFahrenheit: boolean }): void {
  const { emit, zone } = context;
  const start = moment(row, "cycleStart", zone);
  if (start === undefined) return emit.reject("cycles", "unreadable_time", `Line ${row.line}: the time cannot be read.`);
  const wake = moment(row, "wake", zone);
  const day = dateOf({ at: start.at + HALF_DAY_MS, zone: start.zone });
  const morning = wake === undefined ? day : dateOf(wake);
  const daily = (
    key: Key,
    metric: string,
    unit: string | undefined,
    date: string,
    attributes?: Readonly<Record<string, unknown>>,
  ): void => {
    const value = number(row, key);
    if (value === undefined) return;
    emit.daily({ type: `cycles ${key}`, metric, source: SOURCE, value, unit, ...(attributes !== undefined && { attributes }) }, date);
  };
  const asleep = { context: "sleep" };
  daily("recovery", "score.recovery", undefined, morning, { rangeMin: 0, rangeMax: 100 });
  daily("resting", "resting_heart_rate", "/min", morning);
  daily("variability", "hrv_rmssd", "ms", morning, asleep);
  daily("oxygen", "spo2", "%", morning, asleep);
  daily("skin", "skin_temp", isFahrenheit ? "[degF]" : "Cel", morning, asleep);
  const open = row.cell("cycleEnd") === "" ? { open: true } : {};
  daily("dayStrain", "score.strain", undefined, day, { rangeMin: 0, rangeMax: 21, ...open });
  daily("energy", "energy_total", "kcal", day, open);
  const max = number(row, "maxHeart");
  daily("meanHeart", "heart_rate", "/min", day, { statistic: "mean", ...(max !== undefined && { max }), ...open });
  if (!hasNights && wake !== undefined) readNight(row, context);
}

/** A night or nap. WHOOP tells how long each stage was, not when: the sums are the night's figures. */
function readNight(row: Row, { emit, zone }: FormatContext): void {
  const [start, end] = [moment(row, "onset", zone), moment(row, "wake", zone)];
  if (start === undefined || end === undefined || end.at <= start.at)
    return emit.reject("sleeps", "unreadable_time", `Line ${row.line}: the night has no times.`);
  const date = dateOf(end);
  const nap = /^(?:true|wahr|verdadero|1)$/i.test(row.cell("nap"));
  const minutes = known({
    inBed: number(row, "inBed"),
    asleep: number(row, "asleep"),
    awake: number(row, "awake"),
    light: number(row, "light"),
    deep: number(row, "deep"),
    rem: number(row, "rem"),
    needed: number(row, "need"),
    debt: number(row, "debt"),
  });
  const efficiencyPct = number(row, "efficiency");
  emit.sleep({
    type_: "sleeps",
    source: SOURCE,
    start: start.at,
    end: end.at,
    zone: end.zone,
    date,
    nap,
    stages: [],
    attributes: { ...(efficiencyPct !== undefined && { efficiencyPct }), minutes },
  });
  if (nap) return;
  const daily = (key: Key, metric: string, unit?: string, attributes?: Readonly<Record<string, unknown>>): void => {
    const value = number(row, key);
    if (value === undefined) return;
    emit.daily({ type: `sleeps ${key}`, metric, source: SOURCE, value, unit, ...(attributes !== undefined && { attributes }) }, date);
  };
  daily("asleep", "sleep_duration", "min");
  daily("light", "sleep_light", "min");
  daily("deep", "sleep_deep", "min");
  daily("rem", "sleep_rem", "min");
  daily("awake", "sleep_awake", "min");
  daily("inBed", "time_in_bed", "min");
  daily("efficiency", "sleep_efficiency", "%");
  daily("breathing", "respiratory_rate", "/min", { context: "sleep" });
  const consistency = number(row, "consistency");
  daily("performance", "score.sleep", undefined, { rangeMin: 0, rangeMax: 100, ...(consistency !== undefined && { consistency }) });
}

function readWorkout(row: Row, { emit, zone }: FormatContext): void {
  const [start, end] = [moment(row, "workoutStart", zone), moment(row, "workoutEnd", zone)];
  if (start === undefined || end === undefined || end.at <= start.at)
    return emit.reject("workouts", "unreadable_time", `Line ${row.line}: the workout has no times.`);
  const name = row.cell("activity");
  const { type, vendorName } = workoutType("whoop", name === "" ? "other" : name);
  const zonesPct = known({
    one: number(row, "zone1"),
    two: number(row, "zone2"),
    three: number(row, "zone3"),
    four: number(row, "zone4"),
    five: number(row, "zone5"),
  });
  emit.workout({
    type_: "workouts",
    source: SOURCE,
    start: start.at,
    end: end.at,
    zone: start.zone,
    type,
    ...(vendorName !== undefined && { vendorType: vendorName.slice(0, 100) }),
    totals: known({
      energy_total: number(row, "energy"),
      heart_rate_mean: number(row, "meanHeart"),
      heart_rate_max: number(row, "maxHeart"),
      [distanceMetric(type)]: number(row, "distance"),
      elevation_gain: number(row, "climb"),
      "score.strain": number(row, "activityStrain"),
    }),
    ...(Object.keys(zonesPct).length > 0 && { attributes: { zonesPct } }),
  });
}

function known(values: Readonly<Record<string, number | undefined>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
}
