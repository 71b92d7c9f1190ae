// What several journeys begin with: a member makes a draft and a setup link, somebody outside opens it.
import { newPerson } from "../lib/browser.mjs";

const PHONE = { width: 390, height: 844 };

/** Picks a connector in the catalogue. */
export async function pick(owner, kind, connector) {
  await owner.open("/connections/new");
  const link = await owner.page.$(`a[href="/connections/new/${kind}/${connector}"]`);
  if (!link) throw new Error(`${owner.where}: ${kind} ${connector} is not in the catalogue`);
  await Promise.all([owner.page.waitForNavigation({ waitUntil: "load" }), link.click()]);
}

/** Presses Share setup link on a configuration page; gives the link’s path. */
export async function share(owner, { recipient = "", note = "", until } = {}) {
  if (recipient) await owner.fill("Their name", recipient);
  if (note) await owner.fill("Note", note);
  if (until) await owner.choose(until);
  owner.equal(await owner.press("Share setup link", ".share"), 200, "the page with the link");
  const link = await owner.value("Setup link");
  owner.expect(link.startsWith(`${owner.lane.server.origin}/scl/`), "the link is an address of this server");
  return new URL(link).pathname;
}

/** A draft with a link in one go; gives both addresses. */
export async function draftWithLink(owner, kind, connector, name, options) {
  await pick(owner, kind, connector);
  await owner.fill("Name", name);
  const link = await share(owner, options);
  await owner.press("I have copied it");
  return { link, page: new URL(owner.page.url()).pathname };
}

/** Another link to a draft that exists. */
export async function shareAgain(owner, page, options) {
  await owner.open(`${page}/configuration`);
  const link = await share(owner, options);
  await owner.press("I have copied it");
  return link;
}

/** Somebody outside, on a phone, with a browser of their own, at the link. */
export async function outsider(lane, name, link) {
  const person = await newPerson(lane, name, PHONE);
  person.equal(await person.open(link), 200, "an open link");
  return person;
}
