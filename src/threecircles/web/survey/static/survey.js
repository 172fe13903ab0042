// The form without waiting for the network: each screen is the same HTML that the server would send.
// Without JavaScript the same pages work as plain forms.
import { holds } from "./conditions.js";
import { read, wipe, write } from "./keep.js";
import { Outbox } from "./outbox.js";
import { hush, say, sayAll } from "./speak.js";

const IDLE = 30 * 60 * 1000;
const main = document.querySelector("main");
const status = document.querySelector("[role=status]");
let form, answers, outbox, at, trail, shown, idle;

const tell = (word) => {
  if (status && form?.words[word]) status.textContent = form.words[word];
};

const asked = (place) => holds(form.items[place].ask, answers);
const after = (place) => {
  for (let next = place + 1; next < form.items.length; next += 1) if (asked(next)) return next;
  return -1;
};

const stay = () => {
  clearTimeout(idle);
  idle = setTimeout(async () => {
    if (await outbox.send()) {
      await wipe();
      location.replace("/survey/");
    } else ending("done_adult");
  }, IDLE);
};

const restore = (screen) => {
  const given = answers[form.items[at].code];
  if (given === undefined || given === null) return;
  const chosen = (Array.isArray(given) ? given : [given]).map(String);
  for (const input of screen.querySelectorAll("input, textarea")) {
    if (input.type === "radio" || input.type === "checkbox") input.checked = chosen.includes(input.value);
    else input.value = chosen[0];
  }
};

const show = (place, focus = true) => {
  hush();
  at = place;
  main.innerHTML = form.items[place].html;
  const steps = form.items.filter((_, i) => i <= place && asked(i)).length;
  const total = form.items.filter((_, i) => asked(i)).length;
  const count = main.querySelector("[data-count]");
  if (count) count.textContent = form.words.question_of.replace("{n}", steps).replace("{of}", total);
  const bar = main.querySelector("progress");
  if (bar) Object.assign(bar, { value: steps, max: total });
  for (const part of main.querySelectorAll("[data-needs-script]")) part.hidden = false;
  restore(main);
  shown = Date.now();
  write({ at: place, trail });
  const heading = main.querySelector("h1");
  document.title = `${heading.textContent.trim()} - ${form.words.title}`;
  if (focus) heading.focus();
  if (sessionStorage.getItem("read")) sayAll(main, form.language);
  stay();
};

const ending = (word) => {
  main.innerHTML = "<h1 tabindex='-1'></h1><p></p>";
  main.querySelector("h1").textContent = form.words.done_heading;
  main.querySelector("p").textContent = form.words[word];
  main.querySelector("h1").focus();
};

const finish = async (how = "finished") => {
  ending("done_waiting");
  let tries = 0;
  for (;;) {
    try {
      if (await outbox.send()) {
        const body = JSON.stringify({ session_uuid: outbox.token, how });
        const answer = await fetch("/survey/finish", { method: "POST", headers: { "Content-Type": "application/json" }, body });
        if (answer.ok && (await answer.json()).finished) break;
      }
    } catch {
      tell("offline");
    }
    tries += 1;
    if (tries === 3) ending("done_adult");
    await new Promise((done) => setTimeout(done, Math.min(15000, 1000 * 2 ** tries)));
  }
  clearTimeout(idle);
  await wipe();
  location.replace("/survey/done");
};

const chosenIn = (screen, item) => {
  if (item.type === "multiple") return [...screen.querySelectorAll("input:checked")].map((i) => i.value);
  const input = screen.querySelector("input:checked, textarea, input[type=text], input[type=number], input[type=month]");
  return input ? input.value.trim() : "";
};

const keep = async (item, value, reason) => {
  answers[item.code] = reason ? null : value;
  const now = Date.now();
  const told = { item: item.code, value: reason ? null : value, missing_reason: reason, client_ms: now, shown_ms: now - shown, changes: 0 };
  await write({ answers });
  await outbox.add(told);
};

const onward = async (go) => {
  const item = form.items[at];
  if (go === "back") {
    const before = trail.pop();
    return show(before ?? at);
  }
  const value = chosenIn(main, item);
  const blank = value === "" || value.length === 0;
  const reason = go === "prefer_not" ? "refused" : go === "skip" || blank ? "left_out" : null;
  if (item.type !== "info") await keep(item, value, reason);
  const next = after(at);
  trail.push(at);
  return next < 0 ? finish() : show(next);
};

const begin = async (given) => {
  form = given;
  const kept = await read("form");
  const mine = kept?.token === form.token;
  answers = { ...form.answers, ...(mine ? ((await read("answers")) ?? {}) : {}) };
  trail = (mine && (await read("trail"))) || form.items.map((_, i) => i).filter((i) => i < form.at && asked(i));
  await write({ form, answers });
  outbox = await Outbox.resume(form.token, form.next, tell);
  // A plain form sent before this module was ready has moved on at the server: the further place holds.
  const place = Math.max(form.at, mine ? ((await read("at")) ?? 0) : 0);
  main.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-screen]")) return;
    event.preventDefault();
    onward(event.submitter?.value ?? "next");
  });
  document.querySelectorAll("[data-needs-script]").forEach((part) => part.removeAttribute("hidden"));
  show(place, false);
  outbox.send();
};

document.addEventListener("click", (event) => {
  const part = event.target.closest("[data-hear], [data-read-all], [data-hide]");
  if (!part) return;
  if (part.matches("[data-hear]")) {
    const text = document.querySelector(`[data-say="${part.dataset.hear}"]`)?.textContent ?? "";
    say(part.dataset.hear, text.trim(), form?.language ?? document.documentElement.lang);
  } else if (part.matches("[data-read-all]")) {
    const on = !sessionStorage.getItem("read");
    on ? sessionStorage.setItem("read", "1") : sessionStorage.removeItem("read");
    part.setAttribute("aria-pressed", String(on));
    on ? sayAll(main, form?.language ?? "en") : hush();
  } else {
    const hidden = document.body.classList.toggle("is-hidden");
    part.textContent = part.dataset[hidden ? "show" : "hide"];
    part.setAttribute("aria-pressed", String(hidden));
  }
});

const screens = async () => {
  try {
    const answer = await fetch("/survey/screens", { headers: { Accept: "application/json" } });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
};

const page = document.body.dataset.page;
if (page === "question") {
  const given = await screens();
  if (given) await begin(given);
} else if (page === "start") {
  const kept = await read("form").catch(() => null);
  const again = document.querySelector("[data-again]");
  if (kept && again) {
    // A form was begun on this tablet: it goes on here even without a connection.
    again.hidden = false;
    again.querySelector("[value=go_on]").addEventListener("click", async () => begin({ ...kept, at: (await read("at")) ?? 0 }));
    again.querySelector("[value=new]").addEventListener("click", async () => {
      form = kept;
      outbox = await Outbox.resume(kept.token, 1, tell);
      if (await outbox.send()) {
        await wipe();
        again.hidden = true;
      } else tell("done_adult");
    });
  }
} else if (page === "stop") {
  document.querySelector("form[data-stop]")?.addEventListener("submit", async (event) => {
    const kept = await read("form").catch(() => null);
    if (!kept || event.submitter?.value !== "stop") return;
    event.preventDefault();
    form = kept;
    outbox = await Outbox.resume(kept.token, 1, tell);
    finish("stopped");
  });
} else if (page === "done") {
  await wipe();
}
if (page !== "done" && "serviceWorker" in navigator) navigator.serviceWorker.register("/survey/worker.js", { scope: "/survey/" }).catch(() => {});
