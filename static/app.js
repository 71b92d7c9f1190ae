// Comfort only: every page does its work without it. All words come from the page.
const each = (selector, run, root = document) => root.querySelectorAll(selector).forEach(run);
const on = (type, selector, run) =>
  document.addEventListener(type, (event) => {
    const hit = event.target.closest?.(selector);
    if (hit) run(hit, event);
  });
const status = document.getElementById("say");
const say = (text) => {
  if (!status || !text) return;
  status.textContent = "";
  setTimeout(() => (status.textContent = text), 60); // same words twice are read twice
};

each("[data-js]", (element) => (element.hidden = false));

// Copy a field; over plain http there is no clipboard, only the old command.
on("click", "[data-copy]", async (button) => {
  const field = document.getElementById(button.dataset.copy);
  field.select();
  const copied = await navigator.clipboard?.writeText(field.value).then(() => true, () => false);
  button.textContent = copied || document.execCommand("copy") ? button.dataset.done : button.dataset.failed;
  say(button.textContent);
});

// Show a secret; masked again when it is sent and when the page comes back.
const mask = () => {
  each("input[data-secret]", (field) => (field.type = "password"));
  each("[data-reveal]", (button) => button.setAttribute("aria-pressed", "false"));
};
on("click", "[data-reveal]", (button) => {
  const field = document.getElementById(button.dataset.reveal);
  const show = field.type === "password";
  field.type = show ? "text" : "password";
  button.setAttribute("aria-pressed", String(show));
});

// One-of: panels not chosen send nothing.
const settle = (group) =>
  each(":scope > .panel", (panel) => {
    const way = group.querySelector(`:scope > .choices :is(input, option)[value="${panel.dataset.opt}"]`);
    panel.disabled = !(way?.checked || way?.selected);
  }, group);
each(".oneof", settle);
on("change", ".oneof > .choices :is(input, select)", (field) => {
  const group = field.closest(".oneof");
  settle(group);
  say(group.querySelector(":scope > .panel:not(:disabled)")?.dataset.say);
});

// An emptied row is a removed row; a stored one has a box for it.
on("click", "[data-remove-row]", (button) => {
  const row = button.closest(".row");
  each("input:not([type=hidden]), textarea, select", (field) => {
    if (field.type === "checkbox" || field.type === "radio") field.checked = field.name.endsWith("/~rm");
    else field.value = "";
  }, row);
  row.hidden = true;
  document.getElementById(button.dataset.removeRow)?.focus();
  say(button.dataset.done);
});

// A second press is ignored while the first is on its way.
const free = (form) => {
  delete form.dataset.sent;
  each("[aria-disabled]", (button) => button.removeAttribute("aria-disabled"), form);
};
on("submit", "form[method=post]", (form, event) => {
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  mask();
  event.submitter?.setAttribute("aria-disabled", "true");
  setTimeout(free, 8000, form);
});
addEventListener("pageshow", () => {
  mask();
  each("form[data-sent]", free);
});

// A live part is asked for until it says that it is final; its log keeps its place.
each("[data-live]", (region) => {
  const log = () => region.querySelector(".log") ?? region;
  const again = () => setTimeout(ask, 2000);
  const ask = async () => {
    if (document.hidden) return again();
    const answer = await fetch(region.dataset.live).catch(() => null);
    if (!answer || answer.status >= 500) return again();
    if (!answer.ok || answer.redirected) return; // gone, or signed out
    const html = await answer.text();
    if (html !== region.html) {
      const { scrollTop } = log();
      const held = document.activeElement === log();
      region.innerHTML = region.html = html;
      localTimes(region);
      log().scrollTop = scrollTop;
      if (held) log().focus();
    }
    const news = region.querySelector("[data-say]")?.dataset.say;
    if (news !== region.dataset.said) say((region.dataset.said = news ?? ""));
    if (!region.querySelector("[data-final]")) again();
  };
  again();
});

// Narrow a long list to what holds every typed word.
on("input", "[data-filter]", (field) => {
  const list = document.getElementById(field.dataset.filter);
  const words = field.value.toLowerCase().split(/\s+/);
  let shown = 0;
  each("[data-name]", (entry) => {
    entry.hidden = !words.every((word) => entry.dataset.name.toLowerCase().includes(word));
    shown += entry.hidden ? 0 : 1;
  }, list);
  each("section", (part) => (part.hidden = !part.querySelector("[data-name]:not([hidden])")), list);
  clearTimeout(field.timer);
  field.timer = setTimeout(say, 500, field.dataset.say.replace("%", shown));
});

// A key file goes into its text area and nowhere else.
on("change", "[data-into]", async (picker) => {
  const [file] = picker.files;
  if (!file) return;
  const fits = file.size <= 65536;
  if (fits) document.getElementById(picker.dataset.into).value = await file.text();
  picker.value = "";
  const words = fits ? picker.dataset.done : picker.dataset.failed;
  picker.labels[0].firstChild.data = words;
  say(words);
});

// Times in the reader's zone and habits; the server's words stay in the title.
function localTimes(root = document) {
  const page = document.documentElement.lang;
  const locale = navigator.languages.find((tag) => tag.startsWith(page)) ?? page;
  const time = { hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
  const words = (parts) => new Intl.DateTimeFormat(locale, { day: "numeric", year: "numeric", ...parts, ...time });
  const long = words({ weekday: "long", month: "long" });
  const forms = { short: words({ month: "short" }), clock: new Intl.DateTimeFormat(locale, { timeStyle: "medium" }) };
  each("time[datetime*=T]:not([title])", (element) => {
    element.title = element.textContent;
    element.textContent = (forms[element.dataset.size] ?? long).format(new Date(element.dateTime));
  }, root);
}
localTimes();
