import type { Field } from "./message";

/**
 * The messages and fields that are read, with the numbers, scales and offsets of the FIT profile (Garmin, "FIT SDK", Profile 21). A
 * test compares every row with the maker's own table.
 */
const field = (number: number, scale = 1, offset = 0): Field => ({ number, scale, offset });

/** Seconds since 1989-12-31 UTC, in every message that has an instant. */
export const FIT_EPOCH_S = 631_065_600;
/** Smaller times count from when the device was switched on. */
export const FIRST_INSTANT = 0x1000_0000;

export const FILE_ID = {
  number: 0,
  fields: {
    type: field(0),
    manufacturer: field(1),
    product: field(2),
    serialNumber: field(3),
    timeCreated: field(4),
    productName: field(8),
  },
};

export const SPORT = { number: 12, fields: { sport: field(0), subSport: field(1), name: field(3) } };

export const SESSION = {
  number: 18,
  fields: {
    timestamp: field(253),
    startTime: field(2),
    sport: field(5),
    subSport: field(6),
    totalElapsedTime: field(7, 1000),
    totalTimerTime: field(8, 1000),
    totalDistance: field(9, 100),
    totalCycles: field(10),
    totalCalories: field(11),
    avgSpeed: field(14, 1000),
    maxSpeed: field(15, 1000),
    avgHeartRate: field(16),
    maxHeartRate: field(17),
    avgCadence: field(18),
    maxCadence: field(19),
    avgPower: field(20),
    maxPower: field(21),
    totalAscent: field(22),
    totalDescent: field(23),
    totalTrainingEffect: field(24, 10),
    normalizedPower: field(34),
    trainingStressScore: field(35, 10),
    swimStroke: field(43),
    poolLength: field(44, 100),
    numActiveLengths: field(47),
    totalWork: field(48),
    avgTemperature: field(57),
    maxTemperature: field(58),
    minHeartRate: field(64),
    avgFractionalCadence: field(92, 128),
    maxFractionalCadence: field(93, 128),
    sportProfileName: field(110),
    enhancedAvgSpeed: field(124, 1000),
    enhancedMaxSpeed: field(125, 1000),
    totalAnaerobicTrainingEffect: field(137, 10),
    metabolicCalories: field(196),
  },
};

export const LAP = {
  number: 19,
  fields: {
    timestamp: field(253),
    startTime: field(2),
    totalElapsedTime: field(7, 1000),
    totalTimerTime: field(8, 1000),
    totalDistance: field(9, 100),
    totalCycles: field(10),
    totalCalories: field(11),
    avgSpeed: field(13, 1000),
    maxSpeed: field(14, 1000),
    avgHeartRate: field(15),
    maxHeartRate: field(16),
    avgCadence: field(17),
    maxCadence: field(18),
    avgPower: field(19),
    maxPower: field(20),
    totalAscent: field(21),
    totalDescent: field(22),
    intensity: field(23),
    lapTrigger: field(24),
    sport: field(25),
    normalizedPower: field(33),
    swimStroke: field(38),
    subSport: field(39),
    numActiveLengths: field(40),
    minHeartRate: field(63),
    avgFractionalCadence: field(80, 128),
    maxFractionalCadence: field(81, 128),
    enhancedAvgSpeed: field(110, 1000),
    enhancedMaxSpeed: field(111, 1000),
  },
};

export const RECORD = {
  number: 20,
  fields: {
    positionLat: field(0),
    positionLong: field(1),
    altitude: field(2, 5, 500),
    heartRate: field(3),
    cadence: field(4),
    distance: field(5, 100),
    speed: field(6, 1000),
    power: field(7),
    compressedSpeedDistance: field(8),
    temperature: field(13),
    verticalOscillation: field(39, 10),
    stanceTime: field(41, 10),
    cadence256: field(52, 256),
    fractionalCadence: field(53, 128),
    enhancedSpeed: field(73, 1000),
    enhancedAltitude: field(78, 5, 500),
    stepLength: field(85, 10),
    depth: field(92, 1000),
    respirationRate: field(99),
    enhancedRespirationRate: field(108, 100),
  },
};

export const EVENT = {
  number: 21,
  fields: { timestamp: field(253), event: field(0), eventType: field(1) },
};

export const WEIGHT_SCALE = {
  number: 30,
  fields: {
    weight: field(0, 100),
    percentFat: field(1, 100),
    percentHydration: field(2, 100),
    boneMass: field(4, 100),
    muscleMass: field(5, 100),
    basalMet: field(7, 4),
    metabolicAge: field(10),
    visceralFatRating: field(11),
    bmi: field(13, 10),
  },
};

export const ACTIVITY = { number: 34, fields: { timestamp: field(253), totalTimerTime: field(0, 1000), localTimestamp: field(5) } };

export const BLOOD_PRESSURE = {
  number: 51,
  fields: { systolicPressure: field(0), diastolicPressure: field(1), meanArterialPressure: field(2), heartRate: field(6) },
};

export const MONITORING = {
  number: 55,
  fields: {
    distance: field(2, 100),
    cycles: field(3, 2),
    activityType: field(5),
    distance16: field(8),
    cycles16: field(9),
    activeCalories: field(19),
    currentActivityTypeIntensity: field(24),
    timestampMin8: field(25),
    timestamp16: field(26),
    heartRate: field(27),
    ascent: field(31, 1000),
  },
};

export const HRV = { number: 78, fields: { time: field(0, 1000) } };

export const LENGTH = {
  number: 101,
  fields: {
    timestamp: field(253),
    startTime: field(2),
    totalElapsedTime: field(3, 1000),
    totalTimerTime: field(4, 1000),
    totalStrokes: field(5),
    avgSpeed: field(6, 1000),
    swimStroke: field(7),
    avgSwimmingCadence: field(9),
    lengthType: field(12),
  },
};

export const MONITORING_INFO = { number: 103, fields: { timestamp: field(253), localTimestamp: field(0) } };

export const HR = {
  number: 132,
  fields: {
    fractionalTimestamp: field(0, 32768),
    time256: field(1, 256),
    filteredBpm: field(6),
    eventTimestamp: field(9, 1024),
    eventTimestamp12: field(10),
  },
};

export const FIELD_DESCRIPTION = {
  number: 206,
  fields: {
    developerDataIndex: field(0),
    fieldDefinitionNumber: field(1),
    fitBaseTypeId: field(2),
    fieldName: field(3),
    scale: field(6),
    offset: field(7),
    units: field(8),
    nativeMesgNum: field(14),
    nativeFieldNum: field(15),
  },
};

export const MONITORING_HR_DATA = { number: 211, fields: { restingHeartRate: field(0), currentDayRestingHeartRate: field(1) } };

export const STRESS_LEVEL = { number: 227, fields: { stressLevelValue: field(0), stressLevelTime: field(1) } };

export const MAX_MET_DATA = { number: 229, fields: { updateTime: field(0), vo2Max: field(2, 10) } };

export const SPO2_DATA = { number: 269, fields: { readingSpo2: field(0) } };

export const SLEEP_LEVEL = { number: 275, fields: { sleepLevel: field(0) } };

export const RESPIRATION_RATE = { number: 297, fields: { respirationRate: field(0, 100) } };

export const SLEEP_ASSESSMENT = { number: 346, fields: { overallSleepScore: field(6) } };

export const HRV_VALUE = { number: 371, fields: { value: field(0, 128) } };

/** Every message of the table by the name that the profile gives it. */
export const PROFILE = {
  fileId: FILE_ID,
  sport: SPORT,
  session: SESSION,
  lap: LAP,
  record: RECORD,
  event: EVENT,
  weightScale: WEIGHT_SCALE,
  activity: ACTIVITY,
  bloodPressure: BLOOD_PRESSURE,
  monitoring: MONITORING,
  hrv: HRV,
  length: LENGTH,
  monitoringInfo: MONITORING_INFO,
  hr: HR,
  fieldDescription: FIELD_DESCRIPTION,
  monitoringHrData: MONITORING_HR_DATA,
  stressLevel: STRESS_LEVEL,
  maxMetData: MAX_MET_DATA,
  spo2Data: SPO2_DATA,
  sleepLevel: SLEEP_LEVEL,
  respirationRate: RESPIRATION_RATE,
  sleepAssessment: SLEEP_ASSESSMENT,
  hrvValue: HRV_VALUE,
} satisfies Record<string, { readonly number: number; readonly fields: Readonly<Record<string, Field>> }>;
