// A check that sees nothing is worth nothing: a good page is spoilt on purpose, and each fault must be reported.
import { newPerson } from "../lib/browser.mjs";
import { checkKeyboard, checkState } from "../lib/checks.mjs";
import { Report } from "../lib/report.mjs";

/** What is done to the page, and a word of the report that must follow. */
const FAULTS = [
  ["color-contrast", () => document.querySelector("main p, main label").style.setProperty("color", "#ddd")],
  ["inline scripts", () => document.querySelector("h1").setAttribute("onclick", "void 0")],
  ["label", () => document.querySelector("main label").remove()],
  ["wider than", () => document.querySelector("h1").style.setProperty("inline-size", "3000px")],
  ["under 24 px", () => {
    const { style } = document.querySelector("main button");
    ["block-size", "min-block-size", "padding"].forEach((name) => style.setProperty(name, "4px"));
  }],
  ["number of h1", () => document.querySelector("main").append(document.createElement("h1"))],
  ["console: ", () => document.body.append(Object.assign(document.createElement("script"), { textContent: "void 0" }))],
  ["asks another server", () => {
    document.body.append(Object.assign(document.createElement("img"), { alt: "", src: "https://tracker.example/1.png" }));
  }],
  ["what needs JavaScript", () => document.querySelectorAll("[data-js]").forEach((element) => (element.hidden = true))],
  ["begins with “Error: ”", () => (document.title = "Error: nothing is wrong")],
];
const KEYBOARD_FAULTS = [
  ["no focus ring", () => document.querySelector("main button").style.setProperty("outline", "none")],
  ["order of Tab", () => (document.getElementById("password").tabIndex = 5)],
];

export async function faults(lane) {
  if (lane.looksOnce) return;
  for (const [word, spoil] of FAULTS) await mustSee(lane, word, spoil, (person) => checkState(person, word));
  for (const [word, spoil] of KEYBOARD_FAULTS) await mustSee(lane, word, spoil, (person) => checkKeyboard(person, word));
}

async function mustSee(lane, word, spoil, look) {
  const scratch = new Report();
  const person = await newPerson({ ...lane, report: scratch, shots: false, looksOnce: true }, "Tester", { width: 360, height: 740 });
  await person.open("/sign-in");
  await person.page.evaluate(spoil);
  await look(person);
  await person.leave();
  const seen = scratch.failures.map(({ sentence }) => sentence);
  const isSeen = seen.some((sentence) => sentence.includes(word));
  lane.report.check(isSeen, "the checks themselves", `nothing is said of “${word}”: ${seen.join("; ")}`);
}
