import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readRemotePatient } from "./remote-patient";

const NOBODY = { id: "p", name: null, birthDate: null, gender: null, addresses: [], contacts: [], identifiers: [] };

describe("a Patient of another server", () => {
  test("is read with name, birth date, gender, address, contact and identifiers", () => {
    const patient = {
      resourceType: "Patient",
      id: "p-1",
      name: [
        { use: "old", family: "Before" },
        { use: "official", prefix: ["Dr"], given: ["Ada", "M."], family: "King" },
      ],
      birthDate: "1985-12-10",
      gender: "female",
      address: [{ use: "home", line: ["1 Square"], city: "London", postalCode: "SW1Y", country: "GB" }],
      telecom: [{ system: "email", value: "ada@clinic.test", use: "home" }, { system: "phone" }],
      identifier: [
        { system: "urn:mrn", value: "7", type: { coding: [{ code: "MR", display: "Medical record number" }] } },
        { system: "urn:none" },
      ],
    };
    expect(readRemotePatient(patient)).toEqual({
      id: "p-1",
      name: "Dr Ada M. King",
      birthDate: "1985-12-10",
      gender: "female",
      addresses: [{ use: "home", lines: ["1 Square"], city: "London", state: null, postalCode: "SW1Y", country: "GB" }],
      contacts: [{ system: "email", value: "ada@clinic.test", use: "home" }],
      identifiers: [{ system: "urn:mrn", value: "7", type: "Medical record number" }],
    });
  });

  test("a name's own text goes before its parts", () => {
    const name = [{ given: ["A"] }, { use: "usual", text: "Ada K.", family: "King" }];
    expect(readRemotePatient({ resourceType: "Patient", id: "p", name })?.name).toBe("Ada K.");
  });

  test("what is missing or ill-formed is left out", () => {
    const odd = { resourceType: "Patient", id: "p", name: "Ada", telecom: {}, address: [3], identifier: null, gender: 1, birthDate: " " };
    expect(readRemotePatient(odd)).toEqual(NOBODY);
  });

  test("anything that is no Patient with an id is none", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(readRemotePatient(value)).toBeUndefined();
      }),
    );
    expect(readRemotePatient({ resourceType: "Patient" })).toBeUndefined();
    expect(readRemotePatient({ resourceType: "OperationOutcome", id: "p" })).toBeUndefined();
  });
});
