/** Account resources: identity, profile, settings, paired devices, irregular-rhythm profile. */
import { accessTo, hasAnyHealthScope, insufficientScope } from "../oauth/authenticate.ts";
import type { Caller } from "../oauth/authenticate.ts";
import { DAY, offsetMs } from "../person/civil.ts";
import { dateOf, instant, seconds } from "../person/wire.ts";
import { notFound } from "../server/http.ts";
import type { Reply } from "../server/http.ts";
import type { State } from "../server/state.ts";

/** `GET /v4/users/me/{resource}`. */
export function account(state: State, caller: Caller, resource: string, id: string | undefined): Reply {
  const { person } = caller;
  const now = state.clock.now();
  const ok = (body: NonNullable<Reply["body"]>): Reply => ({ status: 200, body });
  switch (resource) {
    case "identity":
      if (!hasAnyHealthScope(caller)) throw insufficientScope();
      return ok({ name: "users/me/identity", healthUserId: person.healthUserId, legacyUserId: person.legacyUserId });
    case "profile":
      accessTo(caller, "profile");
      return ok({
        name: "users/me/profile",
        age: person.ageYears,
        membershipStartDate: dateOf(person.memberSince * DAY),
        autoWalkingStrideLengthMm: Math.round(person.heightCm * 4.14),
        autoRunningStrideLengthMm: Math.round(person.heightCm * 6),
      });
    case "settings": {
      accessTo(caller, "settings");
      const american = person.zone.startsWith("America/");
      return ok({
        name: "users/me/settings",
        timeZone: person.zone,
        utcOffset: seconds(offsetMs(person.zone, now)),
        autoStrideEnabled: true,
        distanceUnit: american ? "DISTANCE_UNIT_MILES" : "DISTANCE_UNIT_KILOMETERS",
        heightUnit: american ? "HEIGHT_UNIT_INCHES" : "HEIGHT_UNIT_CENTIMETERS",
        weightUnit: american ? "WEIGHT_UNIT_POUNDS" : "WEIGHT_UNIT_KILOGRAMS",
        temperatureUnit: american ? "TEMPERATURE_UNIT_FAHRENHEIT" : "TEMPERATURE_UNIT_CELSIUS",
        glucoseUnit: "GLUCOSE_UNIT_MG_DL",
        waterUnit: "WATER_UNIT_ML",
        swimUnit: "SWIM_UNIT_METERS",
        languageLocale: american ? "en_US" : "en_GB",
        foodLanguageCode: "en-GB",
        strideLengthWalkingType: "STRIDE_LENGTH_TYPE_AUTO",
        strideLengthRunningType: "STRIDE_LENGTH_TYPE_AUTO",
      });
    }
    case "pairedDevices": {
      accessTo(caller, "settings");
      const synced = Math.floor(now / 900_000) * 900_000;
      const device = (deviceId: string, deviceType: string, deviceVersion: string, features: string[]) => ({
        name: `users/${person.healthUserId}/pairedDevices/${deviceId}`,
        deviceType,
        deviceVersion,
        batteryStatus: "High",
        batteryLevel: 55 + (Math.floor(now / 3_600_000) % 45),
        lastSyncTime: instant(synced),
        macAddress: "F4:F5:D8:00:00:01",
        features,
      });
      const devices = [
        device("1001", "TRACKER", person.watch.displayName, [
          "ACTIVE_ZONE_MINUTES",
          "CALORIES",
          "DISTANCE",
          "ELEVATION",
          "HEART_RATE",
          "SLEEP",
          "SMART_SLEEP",
          "SPO2",
          "STEPS",
          "SWIM",
          "GPS",
        ]),
        device("1002", "SCALE", "Aria Air", []),
      ];
      if (id === undefined) return ok({ pairedDevices: devices });
      const found = devices.find((one) => one.name.endsWith(`/${id}`));
      if (!found) throw notFound(`Device ${id} not found.`);
      return ok(found);
    }
    case "irnProfile":
      accessTo(caller, "irn");
      return ok({
        name: "users/me/irnProfile",
        onboardingStatus: true,
        enrollmentStatus: true,
        updateTime: instant(Math.floor(now / 900_000) * 900_000),
      });
    default:
      throw notFound("Method not found.");
  }
}
