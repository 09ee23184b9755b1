import { Browser } from "./driver.ts";

/**
 * For checks of an authorization server from outside: takes the address of an authorization request, signs in as SMART_EMAIL with
 * SMART_PASSWORD, allows everything, and returns the address that the app is sent to; undefined where nobody is sent anywhere.
 */
let browser;

export default async function drive(url) {
  browser ??= new Browser(new URL(url).origin, (...of) => fetch(...of));
  return await browser.letIn(url, { email: process.env.SMART_EMAIL ?? "", password: process.env.SMART_PASSWORD ?? "" });
}
