import type { Source } from "../health/reading";
import type { PersonId } from "../id";
import { deviceId, patientId, tagHash } from "./ids";
import { URN } from "./systems";
import type { Device, Extension, Patient } from "./types";

/** The Patient that a person is; the name where the person gave one. */
export function patientOf(person: PersonId, name: string | undefined): Patient {
  return {
    resourceType: "Patient",
    id: patientId(person),
    meta: { versionId: tagHash(name ?? "") },
    identifier: [{ system: URN.person, value: person }],
    active: true,
    ...(name !== undefined && name.trim() !== "" && { name: [{ use: "usual", text: name.trim() }] }),
  };
}

/** The Device that stands for a source: a wearable where the source names one, else the app or interface that delivered. */
export function deviceOf(person: PersonId, number: number, source: Source, firstSeen: number): Device {
  const id = deviceId(person, number);
  const { deviceName, deviceManufacturer, deviceModel, deviceType, app, connection, recordingMethod, vendor } = source;
  const extension: Extension[] = [
    ...(app ? [{ url: URN.app, valueString: app }] : []),
    ...(connection ? [{ url: URN.connection, valueString: connection }] : []),
    ...(recordingMethod ? [{ url: URN.method, valueString: recordingMethod }] : []),
  ];
  return {
    resourceType: "Device",
    id,
    meta: { versionId: "1", lastUpdated: new Date(firstSeen).toISOString(), source: `${URN.vendor}${vendor}` },
    ...(extension.length > 0 && { extension }),
    identifier: [{ system: URN.device, value: id }],
    status: "active",
    ...(deviceManufacturer && { manufacturer: deviceManufacturer }),
    ...(deviceModel && { modelNumber: deviceModel }),
    deviceName: [{ name: deviceName || app || vendor, type: "user-friendly-name" }],
    ...(deviceType && { type: { coding: [{ system: URN.deviceType, code: deviceType }], text: deviceType.replaceAll("_", " ") } }),
    patient: { reference: `Patient/${patientId(person)}` },
  };
}

/** The source that a Device stands for; the name is left out where it was taken from the app or the vendor. */
export function sourceOfDevice(device: Device): Source {
  const vendor = device.meta?.source?.slice(URN.vendor.length) ?? "";
  const part = (url: string) => device.extension?.find((extension) => extension.url === url)?.valueString;
  const [app, connection, method] = [part(URN.app), part(URN.connection), part(URN.method)];
  const name = device.deviceName?.[0]?.name;
  const type = device.type?.coding?.[0]?.code;
  return {
    vendor,
    ...(connection && { connection }),
    ...(app && { app }),
    ...(name && name !== app && name !== vendor && { deviceName: name }),
    ...(device.manufacturer && { deviceManufacturer: device.manufacturer }),
    ...(device.modelNumber && { deviceModel: device.modelNumber }),
    ...(type && { deviceType: type }),
    ...(isMethod(method) && { recordingMethod: method }),
  };
}

function isMethod(value: string | undefined): value is NonNullable<Source["recordingMethod"]> {
  return value === "automatic" || value === "active" || value === "manual" || value === "unknown";
}
