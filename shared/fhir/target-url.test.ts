import { describe, expect, test } from "vitest";
import { checkTargetUrl } from "./target-url";

const check = (url: string, local: readonly string[] = []) => checkTargetUrl(url, local, "/baseUrl").href;

describe("the URL of a target", () => {
  test.each(["https://fhir.hospital.org/r4", "https://fhir.hospital.org:8443/r4/", "https://8.8.8.8/fhir"])("%s is allowed", (url) => {
    expect(check(url)).toBe(url);
  });

  test.each([
    "http://fhir.hospital.org/r4",
    "ftp://fhir.hospital.org",
    "https://user:secret@fhir.hospital.org",
    "https://fhir.hospital.org/r4?x=1",
    "https://fhir.hospital.org/r4#x",
    "https://localhost/fhir",
    "https://fhir.localhost",
    "https://intranet/fhir",
    "https://fhir.internal",
    "https://localhost.localdomain",
    "https://fhir.internal./",
    "https://127.0.0.1",
    "https://127.1",
    "https://0x7f000001",
    "https://2130706433",
    "https://0177.0.0.1",
    "https://10.1.2.3",
    "https://172.31.255.255",
    "https://192.168.1.1",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1",
    "https://0.0.0.0",
    "https://224.0.0.1",
    "https://255.255.255.255",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[fd00::1]/",
    "not a url",
    "",
  ])("%s is refused", (url) => {
    expect(() => check(url)).toThrow(expect.objectContaining({ code: "invalid" }));
  });

  test("a host of the developer's list is allowed over http, and only that one", () => {
    expect(check("http://127.0.0.1:8790/fhir", ["127.0.0.1:8790"])).toBe("http://127.0.0.1:8790/fhir");
    expect(() => check("http://127.0.0.1:8791/fhir", ["127.0.0.1:8790"])).toThrow();
    expect(() => check("http://127.0.0.2/", ["127.0.0.1"])).toThrow();
  });
});
