/** Lists written independently of the catalogue, for its tests. */

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Every key the catalogue must have, by group. */
export const EXPECTED_KEYS: Readonly<Record<string, readonly string[]>> = {
  "heart and vitals": words(`
  heart_rate resting_heart_rate walking_heart_rate_avg hr_recovery_1min hrv_sdnn hrv_rmssd spo2
  respiratory_rate blood_pressure body_temperature basal_body_temperature skin_temp skin_temp_deviation
  afib_burden ecg event.irregular_rhythm event.high_heart_rate event.low_heart_rate event.low_cardio_fitness
  perfusion_index fev1 fvc pef breathing_disturbance event.sleep_apnea pulse_wave_velocity vascular_age
  fitness_age blood_alcohol electrodermal_activity
  `),
  glucose: words(`
  blood_glucose cgm_glucose cgm_trend cgm_summary cgm_mean cgm_gmi cgm_tbr2 cgm_tbr1 cgm_tir cgm_tar1 cgm_tar2
  cgm_cv cgm_wear_days cgm_active_pct insulin_delivery
  `),
  body: words(`
  body_weight body_height bmi body_fat_pct fat_mass lean_mass muscle_mass bone_mass body_water_mass
  body_water_pct body_water_extracellular body_water_intracellular visceral_fat waist bmr metabolic_age
  `),
  activity: words(`
  steps distance_walk_run distance_cycling distance_swimming distance_wheelchair distance_rowing
  distance_paddle distance_xc_ski distance_downhill_snow distance_skating distance floors elevation_gain
  energy_active energy_basal energy_total exercise_minutes move_minutes active_zone_minutes moderate_minutes
  vigorous_minutes sedentary_minutes stand_minutes stand_hours wheelchair_pushes swim_strokes vo2_max met
  physical_effort falls
  `),
  performance: words(`
  cadence_run cadence_cycle power_run power_cycle power ftp_cycle speed_run speed_cycle speed_row speed_paddle
  speed_xc_ski speed stride_length ground_contact_time vertical_oscillation effort_score
  effort_score_estimated walking_speed walking_step_length walking_asymmetry walking_double_support
  walking_steadiness event.walking_steadiness six_minute_walk stair_ascent_speed stair_descent_speed
  `),
  sleep: words(`
  sleep sleep_duration sleep_deep sleep_light sleep_rem sleep_awake sleep_latency time_in_bed sleep_efficiency
  awakenings sleep_hr_min
  `),
  "scores and mind": words(`
  score.sleep score.readiness score.recovery score.activity score.stress score.strain score.body_battery
  score.resilience stress_level stress_high_minutes recovery_high_minutes mindful_minutes state_of_mind
  `),
  environment: words(`
  time_in_daylight env_audio event.env_audio env_sound_reduction headphone_audio event.headphone_audio
  uv_exposure handwashing toothbrushing underwater_depth water_temperature
  `),
  reproductive: words(`
  menstrual_period menstrual_flow ovulation_test cervical_mucus intermenstrual_bleeding sexual_activity
  contraceptive pregnancy pregnancy_test progesterone_test lactation bleeding_during_pregnancy
  bleeding_after_pregnancy cycle.infrequent cycle.irregular cycle.persistent_intermenstrual_bleeding
  cycle.prolonged_periods
  `),
  symptoms: words(`
  symptom.abdominal_cramps symptom.acne symptom.appetite_changes symptom.bladder_incontinence symptom.bloating
  symptom.breast_pain symptom.chest_tightness_or_pain symptom.chills symptom.constipation symptom.coughing
  symptom.diarrhea symptom.dizziness symptom.dry_skin symptom.fainting symptom.fatigue symptom.fever
  symptom.generalized_body_ache symptom.hair_loss symptom.headache symptom.heartburn symptom.hot_flashes
  symptom.loss_of_smell symptom.loss_of_taste symptom.lower_back_pain symptom.memory_lapse
  symptom.mood_changes symptom.nausea symptom.night_sweats symptom.pelvic_pain
  symptom.rapid_pounding_or_fluttering_heartbeat symptom.runny_nose symptom.shortness_of_breath
  symptom.sinus_congestion symptom.skipped_heartbeat symptom.sleep_changes symptom.sore_throat
  symptom.vaginal_dryness symptom.vomiting symptom.wheezing
  `),
  nutrition: words(`
  meal dietary_energy dietary_energy_from_fat water_intake alcohol_drinks nutrient.carbohydrates
  nutrient.protein nutrient.fat_total nutrient.fat_saturated nutrient.fat_monounsaturated
  nutrient.fat_polyunsaturated nutrient.fat_unsaturated nutrient.fat_trans nutrient.fibre nutrient.sugar
  nutrient.cholesterol nutrient.sodium nutrient.potassium nutrient.calcium nutrient.iron nutrient.magnesium
  nutrient.zinc nutrient.copper nutrient.manganese nutrient.chromium nutrient.molybdenum nutrient.selenium
  nutrient.iodine nutrient.chloride nutrient.phosphorus nutrient.vitamin_a nutrient.thiamin
  nutrient.riboflavin nutrient.niacin nutrient.pantothenic_acid nutrient.vitamin_b6 nutrient.biotin
  nutrient.folate nutrient.folic_acid nutrient.vitamin_b12 nutrient.vitamin_c nutrient.vitamin_d
  nutrient.vitamin_e nutrient.vitamin_k nutrient.caffeine
  `),
  sessions: words(`
  workout medication_taken inhaler_usage
  `),
};

/** The 119 quantity types HealthKit can deliver. */
export const QUANTITY_TYPES = words(`
  ActiveEnergyBurned AppleExerciseTime AppleMoveTime AppleSleepingBreathingDisturbances
  AppleSleepingWristTemperature AppleStandTime AppleWalkingSteadiness AtrialFibrillationBurden
  BasalBodyTemperature BasalEnergyBurned BloodAlcoholContent BloodGlucose BloodPressureDiastolic
  BloodPressureSystolic BodyFatPercentage BodyMass BodyMassIndex BodyTemperature CrossCountrySkiingSpeed
  CyclingCadence CyclingFunctionalThresholdPower CyclingPower CyclingSpeed DietaryBiotin DietaryCaffeine
  DietaryCalcium DietaryCarbohydrates DietaryChloride DietaryCholesterol DietaryChromium DietaryCopper
  DietaryEnergyConsumed DietaryFatMonounsaturated DietaryFatPolyunsaturated DietaryFatSaturated
  DietaryFatTotal DietaryFiber DietaryFolate DietaryIodine DietaryIron DietaryMagnesium DietaryManganese
  DietaryMolybdenum DietaryNiacin DietaryPantothenicAcid DietaryPhosphorus DietaryPotassium DietaryProtein
  DietaryRiboflavin DietarySelenium DietarySodium DietarySugar DietaryThiamin DietaryVitaminA
  DietaryVitaminB12 DietaryVitaminB6 DietaryVitaminC DietaryVitaminD DietaryVitaminE DietaryVitaminK
  DietaryWater DietaryZinc DistanceCrossCountrySkiing DistanceCycling DistanceDownhillSnowSports
  DistancePaddleSports DistanceRowing DistanceSkatingSports DistanceSwimming DistanceWalkingRunning
  DistanceWheelchair ElectrodermalActivity EnvironmentalAudioExposure EnvironmentalSoundReduction
  EstimatedWorkoutEffortScore FlightsClimbed ForcedExpiratoryVolume1 ForcedVitalCapacity
  HeadphoneAudioExposure HeartRate HeartRateRecoveryOneMinute HeartRateVariabilitySDNN Height InhalerUsage
  InsulinDelivery LeanBodyMass NumberOfAlcoholicBeverages NumberOfTimesFallen OxygenSaturation
  PaddleSportsSpeed PeakExpiratoryFlowRate PeripheralPerfusionIndex PhysicalEffort PushCount RespiratoryRate
  RestingHeartRate RowingSpeed RunningGroundContactTime RunningPower RunningSpeed RunningStrideLength
  RunningVerticalOscillation SixMinuteWalkTestDistance StairAscentSpeed StairDescentSpeed StepCount
  SwimmingStrokeCount TimeInDaylight UVExposure UnderwaterDepth VO2Max WaistCircumference
  WalkingAsymmetryPercentage WalkingDoubleSupportPercentage WalkingHeartRateAverage WalkingSpeed
  WalkingStepLength WaterTemperature WorkoutEffortScore
`);

/** The 68 category types HealthKit can deliver. */
export const CATEGORY_TYPES = words(`
  AbdominalCramps Acne AppetiteChanges AppleStandHour AppleWalkingSteadinessEvent AudioExposureEvent
  BladderIncontinence BleedingAfterPregnancy BleedingDuringPregnancy Bloating BreastPain CervicalMucusQuality
  ChestTightnessOrPain Chills Constipation Contraceptive Coughing Diarrhea Dizziness DrySkin Fainting Fatigue
  Fever GeneralizedBodyAche HairLoss HandwashingEvent Headache HeadphoneAudioExposureEvent Heartburn
  HighHeartRateEvent HotFlashes InfrequentMenstrualCycles IntermenstrualBleeding IrregularHeartRhythmEvent
  IrregularMenstrualCycles Lactation LossOfSmell LossOfTaste LowCardioFitnessEvent LowHeartRateEvent
  LowerBackPain MemoryLapse MenstrualFlow MindfulSession MoodChanges Nausea NightSweats OvulationTestResult
  PelvicPain PersistentIntermenstrualBleeding Pregnancy PregnancyTestResult ProgesteroneTestResult
  ProlongedMenstrualPeriods RapidPoundingOrFlutteringHeartbeat RunnyNose SexualActivity ShortnessOfBreath
  SinusCongestion SkippedHeartbeat SleepAnalysis SleepApneaEvent SleepChanges SoreThroat ToothbrushingEvent
  VaginalDryness Vomiting Wheezing
`);
