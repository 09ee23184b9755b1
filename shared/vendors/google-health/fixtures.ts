/** Points in Google's shape, one per data type; dates and numbers are invented. */

const interval = {
  startTime: "2026-06-22T08:00:00Z",
  endTime: "2026-06-22T08:15:00Z",
  startUtcOffset: "7200s",
  endUtcOffset: "7200s",
  civilStartTime: { date: { year: 2026, month: 6, day: 22 }, time: { hours: 10 } },
  civilEndTime: { date: { year: 2026, month: 6, day: 22 }, time: { hours: 10, minutes: 15 } },
};
const sampleTime = { physicalTime: "2026-06-22T08:00:00.250Z", utcOffset: "7200s" };
const date = { year: 2026, month: 6, day: 22 };

/** Where a band's points come from. */
export const BAND = {
  platform: "FITBIT",
  recordingMethod: "PASSIVELY_MEASURED",
  device: { displayName: "Charge 6", manufacturer: "Fitbit", formFactor: "FITNESS_BAND" },
};

/** Data type → the member of the point that carries it, and its value. */
export const FIXTURES = {
  steps: { steps: { count: "500", interval } },
  distance: { distance: { millimeters: "412500", interval } },
  floors: { floors: { count: "3", interval } },
  altitude: { altitude: { gainMillimeters: "-2500", interval } },
  "active-energy-burned": { activeEnergyBurned: { kcal: 41.5, interval } },
  "basal-energy-burned": { basalEnergyBurned: { kcal: 17.2, interval } },
  "active-zone-minutes": { activeZoneMinutes: { activeZoneMinutes: "2", heartRateZone: "CARDIO", interval } },
  "active-minutes": {
    activeMinutes: {
      activeMinutesByActivityLevel: [
        { activityLevel: "LIGHT", activeMinutes: "5" },
        { activityLevel: "MODERATE", activeMinutes: "6" },
        { activityLevel: "VIGOROUS", activeMinutes: "4" },
      ],
      interval,
    },
  },
  "sedentary-period": { sedentaryPeriod: { interval } },
  "swim-lengths-data": { swimLengthsData: { strokeCount: "18", swimStrokeType: "FREESTYLE", interval } },
  "heart-rate": { heartRate: { beatsPerMinute: "72", sampleTime, metadata: { motionContext: "SEDENTARY" } } },
  "heart-rate-variability": {
    heartRateVariability: { rootMeanSquareOfSuccessiveDifferencesMilliseconds: 38.4, standardDeviationMilliseconds: 51.2, sampleTime },
  },
  "oxygen-saturation": { oxygenSaturation: { percentage: 96.5, sampleTime } },
  "respiratory-rate-sleep-summary": {
    respiratoryRateSleepSummary: {
      fullSleepStats: { breathsPerMinute: 14.2, standardDeviation: 1.1 },
      deepSleepStats: { breathsPerMinute: 13.8 },
      remSleepStats: { breathsPerMinute: 15 },
      sampleTime,
    },
  },
  weight: { weight: { weightGrams: 71400, notes: "before breakfast", sampleTime } },
  height: { height: { heightMillimeters: "1785", sampleTime } },
  "body-fat": { bodyFat: { percentage: 18.5, sampleTime } },
  "blood-glucose": {
    bloodGlucose: {
      bloodGlucoseMilligramsPerDeciliter: 98,
      measurementSource: "SELF_MONITORING_BLOOD_GLUCOSE",
      specimen: "CAPILLARY_BLOOD",
      mealType: "BREAKFAST",
      measurementTiming: "BEFORE_MEAL",
      sampleTime,
    },
  },
  "core-body-temperature": { coreBodyTemperature: { temperatureCelsius: 36.8, measurementLocation: "MOUTH", sampleTime } },
  "vo2-max": { vo2Max: { vo2Max: 44.1, measurementMethod: "COOPER_TEST", sampleTime } },
  "run-vo2-max": { runVo2Max: { runVo2Max: 45.5, sampleTime } },
  "daily-resting-heart-rate": {
    dailyRestingHeartRate: { beatsPerMinute: "58", dailyRestingHeartRateMetadata: { calculationMethod: "WITH_SLEEP" }, date },
  },
  "daily-heart-rate-variability": {
    dailyHeartRateVariability: {
      averageHeartRateVariabilityMilliseconds: 42.5,
      deepSleepRootMeanSquareOfSuccessiveDifferencesMilliseconds: 47,
      entropy: 2.9,
      nonRemHeartRateBeatsPerMinute: "54",
      date,
    },
  },
  "daily-oxygen-saturation": {
    dailyOxygenSaturation: {
      averagePercentage: 96.1,
      lowerBoundPercentage: 92,
      upperBoundPercentage: 99,
      standardDeviationPercentage: 1.2,
      date,
    },
  },
  "daily-respiratory-rate": { dailyRespiratoryRate: { breathsPerMinute: 14.6, date } },
  "daily-sleep-temperature-derivations": {
    dailySleepTemperatureDerivations: {
      nightlyTemperatureCelsius: 34.9,
      baselineTemperatureCelsius: 34.6,
      relativeNightlyStddev30dCelsius: 0.4,
      date,
    },
  },
  "daily-vo2-max": { dailyVo2Max: { vo2Max: 43.8, estimated: true, cardioFitnessLevel: "GOOD", date } },
  electrocardiogram: {
    electrocardiogram: {
      interval: { startTime: "2026-06-22T08:00:00Z", endTime: "2026-06-22T08:00:00Z", startUtcOffset: "0s", endUtcOffset: "0s" },
      samplingFrequencyHertz: 250,
      millivoltsScalingFactor: 10922,
      waveformSamples: [0, 10922, -5461, 1],
      resultClassification: "NORMAL_SINUS_RHYTHM",
      leadNumber: 1,
      beatsPerMinuteAvg: "67",
    },
  },
  "irregular-rhythm-notification": {
    irregularRhythmNotification: {
      interval,
      alertWindows: [
        { startTime: "2026-06-22T08:00:00Z", endTime: "2026-06-22T08:05:00Z", positive: true, heartBeats: [{ beatsPerMinute: 91 }] },
      ],
    },
  },
  "hydration-log": { hydrationLog: { amountConsumed: { milliliters: 330, userProvidedUnit: "MILLILITER" }, interval } },
  "nutrition-log": {
    nutritionLog: {
      interval,
      foodDisplayName: "Porridge",
      mealType: "BREAKFAST",
      energy: { kcal: 350 },
      energyFromFat: { kcal: 63 },
      totalCarbohydrate: { grams: 54 },
      totalFat: { grams: 7 },
      serving: { amount: 1, foodMeasurementUnitDisplayName: "bowl" },
      nutrients: [
        { nutrient: "SODIUM", quantity: { grams: 0.12 } },
        { nutrient: "VITAMIN_D", quantity: { grams: 0.0000025 } },
        { nutrient: "PROTEIN", quantity: { grams: 12 } },
        { nutrient: "SOMETHING_NEW", quantity: { grams: 1 } },
      ],
    },
  },
  "menstrual-period": { menstrualPeriod: { interval, notes: "light" } },
  "ovulation-test": { ovulationTest: { result: "LUTEINIZING_HORMONE_SURGE", sampleTime } },
  moods: { moods: { moods: ["CALM", "GRATEFUL"], valences: ["PLEASANT"], sampleTime } },
  symptoms: { symptoms: { symptoms: ["HEADACHE", "INCREASED_APPETITE", "BRAIN_FOG"], sampleTime } },
  exercise: {
    exercise: {
      exerciseType: "TRAIL_RUN",
      displayName: "Morning run",
      interval,
      activeDuration: "870s",
      updateTime: "2026-06-22T09:00:00Z",
      metricsSummary: {
        caloriesKcal: 180,
        distanceMillimeters: 2500000,
        steps: "2400",
        averageHeartRateBeatsPerMinute: "151",
        elevationGainMillimeters: 42000,
        averageSpeedMillimetersPerSecond: 2777.8,
        activeZoneMinutes: "22",
        mobilityMetrics: {
          avgCadenceStepsPerMinute: 168,
          avgGroundContactTimeDuration: "0.245s",
          avgStrideLengthMillimeters: "990",
          avgVerticalOscillationMillimeters: "84",
          avgVerticalRatio: 8.4,
        },
      },
      exerciseEvents: [{ eventTime: "2026-06-22T08:05:00Z", exerciseEventType: "PAUSE" }],
      splits: [
        {
          startTime: "2026-06-22T08:00:00Z",
          endTime: "2026-06-22T08:06:00Z",
          splitType: "DISTANCE",
          metricsSummary: { distanceMillimeters: 1000000 },
        },
      ],
    },
  },
  sleep: {
    sleep: {
      interval: {
        startTime: "2026-06-21T21:30:00Z",
        endTime: "2026-06-22T05:30:00Z",
        startUtcOffset: "7200s",
        endUtcOffset: "7200s",
        civilEndTime: { date, time: { hours: 7, minutes: 30 } },
      },
      type: "STAGES",
      updateTime: "2026-06-22T06:00:00Z",
      stages: [
        { startTime: "2026-06-21T22:00:00Z", endTime: "2026-06-22T05:00:00Z", type: "DEEP" },
        { startTime: "2026-06-21T21:30:00Z", endTime: "2026-06-21T22:00:00Z", type: "LIGHT" },
        { startTime: "2026-06-22T05:00:00Z", endTime: "2026-06-22T05:20:00Z", type: "REM" },
        { startTime: "2026-06-22T05:20:00Z", endTime: "2026-06-22T05:30:00Z", type: "RESTLESS" },
      ],
      summary: { minutesAsleep: "470", minutesAwake: "10", minutesToFallAsleep: "8" },
      metadata: { mainSleep: true, manuallyEdited: false },
    },
  },
} as const;

/** Roll-ups of one civil day. */
export const ROLLUP_FIXTURES = {
  "total-calories": { totalCalories: { kcalSum: 2310.5 } },
  steps: { steps: { countSum: "8000" } },
  distance: { distance: { millimetersSum: "6000000" } },
  floors: { floors: { countSum: "11" } },
  altitude: { altitude: { gainMillimetersSum: "35000" } },
  "active-energy-burned": { activeEnergyBurned: { kcalSum: 610 } },
  "sedentary-period": { sedentaryPeriod: { durationSum: "36000s" } },
  "active-minutes": {
    activeMinutes: {
      activeMinutesRollupByActivityLevel: [
        { activityLevel: "LIGHT", activeMinutesSum: "120" },
        { activityLevel: "MODERATE", activeMinutesSum: "25" },
        { activityLevel: "VIGOROUS", activeMinutesSum: "12" },
      ],
    },
  },
} as const;
