import { expect, test } from "vitest";
import { newId } from "../id";
import { type Admission, readAdmission, writeAdmission } from "./admission";

const admission: Admission = {
  actor: { kind: "person", person: newId("person", "eu", 1), session: newId("session", "eu", 1) },
  ticket: { id: newId("ticket", "eu", 1), until: 31_000 },
};

test("what was written is read", () => {
  expect(readAdmission(writeAdmission(admission))).toEqual(admission);
  expect(readAdmission(writeAdmission({ actor: admission.actor }))).toEqual({ actor: admission.actor });
});

test.each([
  null,
  "",
  "{",
  "[]",
  '["per_eu_x","ses_eu_x",null,0]',
  JSON.stringify([admission.actor.person, admission.actor.session, "tkt", 1]),
])("%s admits nobody", (text) => {
  expect(readAdmission(text)).toBeUndefined();
});
