// Pages nobody wants to see: they say what happened, what became of the data, and what to do.
import { newPerson } from "../lib/browser.mjs";
import { checkState } from "../lib/checks.mjs";
import { startServer } from "../lib/server.mjs";
import { draftWithLink, outsider } from "./sharing.mjs";

export async function notFound(lane) {
  const stranger = await newPerson(lane, "Stranger", { width: 390, height: 844 });
  stranger.equal(await stranger.open("/no/such/page"), 404, "a page that does not exist");
  await checkState(stranger, "not-found");
  const answers = await Promise.all(["/scl/abc", `/scl/${"A".repeat(43)}`, "/scl/%F0%9F%98%80"].map(async (path) => {
    const answer = await fetch(lane.server.origin + path);
    return `${answer.status} ${await answer.text()}`;
  }));
  stranger.equal(new Set(answers).size, 1, "different answers to unknown tokens");
  stranger.equal(await stranger.open("/scl/abc"), 404, "an unknown token");
  await stranger.saysNot(lane.account.workspace);
  stranger.equal(await stranger.open("/join/abc"), 404, "an unknown invitation");
  stranger.equal(await stranger.open("/sign-out"), 405, "a page that can only be posted to");
  await checkState(stranger, "wrong-method");
  await stranger.leave();
}

export async function refusedForms(lane) {
  const { link, page } = await draftWithLink(lane.owner, "source", "postgres", "Refused");
  const joe = await outsider(lane, "Joe", link);
  await joe.page.$eval("input[name=_csrf]", (field) => (field.value = "1.forged.token"));
  await joe.fill("Host", "db.refused.example");
  joe.equal(await joe.press("Send what I have"), 403, "a form with a forged token");
  await joe.says("Nothing was sent");
  await checkState(joe, "forbidden");
  await joe.open(link);
  await joe.page.$eval("input[name='/host']", (field) => (field.value = "x".repeat(5_000_000)));
  joe.equal(await joe.press("Send what I have"), 413, "a form with more than fits");
  await checkState(joe, "too-large");
  await joe.open(link);
  await emptyPort(joe);
  joe.equal(await joe.press("Send what I have"), 422, "a form with nothing in it");
  await joe.says("Nothing is filled in yet");
  await checkState(joe, "recipient-nothing-entered");
  await joe.leave();
  await lane.owner.open(page);
  await lane.owner.saysNot("db.refused.example");
}

async function emptyPort(joe) {
  await joe.fill("Port", "");
}

/** A server that limits, unlike the one of the journeys. */
export async function tooMany(lane) {
  if (!lane.js) return;
  const server = await startServer({ binary: lane.server.binary });
  const limited = { ...lane, server };
  try {
    const guesser = await newPerson(limited, "Guesser", { width: 390, height: 844 });
    // Tries come back with time, and a busy machine takes some to draw a page: a program guesses on until the page is refused, too.
    let status = 404;
    for (let round = 0; round < 5 && status === 404; round += 1) {
      await Promise.all(Array.from({ length: 40 }, (_, tries) => fetch(`${server.origin}/scl/guess-${round}-${tries}`)));
      status = await guesser.open("/scl/one-more");
    }
    guesser.equal(status, 429, "a guesser’s next try");
    await guesser.says("Too many tries", "Wait a minute");
    await checkState(guesser, "too-many");
    await guesser.leave();
  } finally {
    await server.stop();
  }
}
