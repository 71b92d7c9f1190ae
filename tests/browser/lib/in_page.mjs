// Functions that run inside the page. Each stands alone: nothing of this file is in reach there.

export function structure() {
  const summary = document.querySelector(".error-summary");
  const scripted = [...document.querySelectorAll("[data-js]")];
  const states = new Set(scripted.map((element) => (element.hidden ? "hidden" : "shown")));
  const inline = [...document.querySelectorAll("style, [style], script:not([src])")].map((element) => element.outerHTML.slice(0, 80));
  const handlers = [...document.querySelectorAll("*")].filter((element) => [...element.attributes].some(({ name }) => name.startsWith("on")));
  const anchors = summary ? [...summary.querySelectorAll('a[href^="#"]')] : [];
  const focusable = (id) => document.getElementById(id)?.matches("input, select, textarea, button, a, summary, [tabindex]");
  return {
    title: document.title,
    lang: document.documentElement.lang,
    headings: document.querySelectorAll("h1").length,
    skip: document.querySelector('.skip[href="#main"]') !== null && document.getElementById("main") !== null,
    inline: [...inline, ...handlers.map((element) => element.outerHTML.slice(0, 80))],
    scripted: scripted.length === 0 ? null : [...states].join(" and "),
    summary: summary?.innerText ?? null,
    deadLinks: anchors.map((anchor) => anchor.hash.slice(1)).filter((id) => !focusable(id)),
  };
}

/** Opens everything folded; says whether there was anything. */
export function unfold() {
  const folded = [...document.querySelectorAll("main details:not([open])")];
  folded.forEach((element) => {
    element.open = true;
    element.dataset.unfolded = "";
  });
  return folded.length > 0;
}

export function fold() {
  document.querySelectorAll("details[data-unfolded]").forEach((element) => {
    element.open = false;
    element.removeAttribute("data-unfolded");
  });
}

/** What makes the page wider than the window; nothing if it fits. */
export function overflow() {
  const limit = document.documentElement.clientWidth;
  const scrolls = (element) => element.parentElement?.closest(".scroll, pre, .visually-hidden, .skip") || element.matches(".visually-hidden, .skip");
  const name = (element) => `${element.tagName.toLowerCase()} ${element.id || element.getAttribute("class")} “${element.textContent.trim().slice(0, 30)}”`;
  const wide = [...document.querySelectorAll("body *")].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && element.checkVisibility() && !scrolls(element) && (box.right > limit + 1 || box.left < -1);
  });
  const over = document.documentElement.scrollWidth - innerWidth;
  const sideways = over > 0 ? [`scrolls sideways by ${over} px`] : [];
  // A table may scroll within itself on a middling screen; as cards on a phone, and with room on a desk, it must not.
  const mustFit = limit < 640 || limit >= 1280;
  const scrolling = [...document.querySelectorAll(".scroll")].filter((element) => mustFit && element.scrollWidth > element.clientWidth + 1);
  return [...sideways, ...wide.slice(0, 3).map(name), ...scrolling.map((element) => `scrolls within: ${name(element)}`)];
}

/** WCAG 2.5.8: 24 by 24 px, links in a sentence excepted. For a box or radio its label counts. */
export function smallTargets() {
  const isInline = (element) => getComputedStyle(element).display === "inline";
  const inSentence = (element) => element.matches("a, summary") && isInline(element) && element.closest("p, li, dd, th, td, label");
  const targets = [...document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea, summary")];
  const small = targets.filter((element) => {
    if (!element.checkVisibility({ visibilityProperty: true }) || element.closest(".visually-hidden, .skip") || inSentence(element)) return false;
    const own = element.matches("[type=checkbox], [type=radio]") ? (element.closest("label") ?? element) : element;
    const box = own.getBoundingClientRect();
    return box.width > 0 && (box.width < 24 || box.height < 24);
  });
  return small.map((element) => element.outerHTML.slice(0, 90));
}

export async function axe(rules) {
  const { violations } = await window.axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
  const why = (node) => [...node.any, ...node.all, ...node.none][0]?.message ?? "";
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.target.join(" ")} ${why(node)}`).join(" | ")}`);
}

/** Marks what Tab must reach, in order, and puts the start before the page. */
export function startTabbing() {
  const focusable = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const candidates = [...document.querySelectorAll(focusable)];
  const groups = new Set();
  const once = (element) => {
    if (element.type !== "radio") return true;
    const peers = [...document.querySelectorAll(`input[type=radio][name="${CSS.escape(element.name)}"]`)].filter((peer) => peer.form === element.form);
    const checked = peers.find((peer) => peer.checked);
    if (checked) return element === checked;
    const isFirst = !groups.has(element.name);
    groups.add(element.name);
    return isFirst;
  };
  const usable = (element) => !element.matches(":disabled") && element.tabIndex >= 0 && element.checkVisibility({ visibilityProperty: true });
  const wanted = candidates.filter((element) => usable(element) && once(element));
  document.querySelectorAll("[data-stop]").forEach((element) => element.removeAttribute("data-stop"));
  wanted.forEach((element, index) => (element.dataset.stop = String(index)));
  document.activeElement?.blur();
  window.getSelection()?.removeAllRanges();
  window.scrollTo(0, 0);
  // The place from where Tab goes on: a click on nothing at the very top.
  document.body.setAttribute("tabindex", "-1");
  document.body.focus();
  document.body.removeAttribute("tabindex");
  return wanted.map((element) => element.outerHTML.slice(0, 80));
}

/** What has the focus now: seen, uncovered, ringed? */
export function tabStop() {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const box = element.getBoundingClientRect();
  const x = Math.min(Math.max(box.left + Math.min(box.width / 2, 20), 1), innerWidth - 1);
  const y = Math.min(Math.max(box.top + box.height / 2, 1), innerHeight - 1);
  const top = document.elementFromPoint(x, y);
  const label = element.closest("label");
  const own = !top || top === element || element.contains(top) || top.contains(element) || label?.contains(top);
  const drawn = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  // A hidden file picker lends its ring to the button around it.
  const ring = drawn(getComputedStyle(element)) || (label !== null && drawn(getComputedStyle(label)));
  // A page that tells what is going on puts new parts in the place of old ones: what stands between the same two is the same stop.
  const between = () => {
    const focusable = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
    const around = [...document.querySelectorAll(focusable)].filter((one) => one === element || one.dataset.stop !== undefined);
    const place = around.indexOf(element);
    const [before, after] = [around[place - 1], around[place + 1]].map((one) => Number(one?.dataset.stop));
    return after === before + 2 ? String(before + 1) : undefined;
  };
  return {
    mark: element.dataset.stop ?? between() ?? `unexpected ${element.outerHTML.slice(0, 80)}`,
    label: (element.innerText || element.id || element.name || element.tagName).slice(0, 40),
    inView: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    covered: own ? null : top.outerHTML.slice(0, 80),
    ring,
  };
}

/** Text of twice the size; through a constructed sheet, because inline styles are forbidden here. */
export function doubleText() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(":root { font-size: 200% !important; }");
  document.adoptedStyleSheets = [sheet];
  return getComputedStyle(document.documentElement).fontSize === "32px";
}

export function normalText() {
  document.adoptedStyleSheets = [];
}

export function edgeless() {
  const controls = [...document.querySelectorAll("input:not([type=hidden], [type=checkbox], [type=radio]), select, textarea, button, a.button")];
  const bare = controls.filter((element) => {
    if (!element.checkVisibility({ visibilityProperty: true }) || element.closest(".visually-hidden")) return false;
    const style = getComputedStyle(element);
    return style.borderStyle === "none" || parseFloat(style.borderWidth) < 1;
  });
  return bare.map((element) => element.outerHTML.slice(0, 80));
}

export function printedControls() {
  const controls = [...document.querySelectorAll("nav[aria-label=Main], .skip, main button, main .button")];
  const printed = controls.filter((element) => element.checkVisibility() && element.getBoundingClientRect().width > 1);
  return printed.map((element) => element.outerHTML.slice(0, 80));
}
