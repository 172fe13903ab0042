// Several tablets on one board: drag, keys and news of the others. Without it the forms of the page do the same.

const told = document.getElementById("told");
let board = document.getElementById("board");
let last = Number(board.dataset.last);
let held = null;

const say = (words) => { if (words) told.textContent = words; };
const cardOf = (number) => board.querySelector(`[data-card="${number}"]`);
const placeOf = (id) => board.querySelector(`[data-place="${id}"]`);
const open = () => board.querySelector(".tb-forms") !== null;

function count() {
  for (const place of board.querySelectorAll(".tb-place")) {
    place.querySelector(".tb-count").textContent = place.querySelectorAll(".tb-card").length;
  }
}

function lay(number, place) {
  const card = cardOf(number), target = placeOf(place);
  if (!card || !target || card.closest(".tb-place") === target) return;
  const focused = document.activeElement === card;
  const list = target.querySelector(".tb-cards");
  const next = [...list.children].find((c) => Number(c.dataset.card) > Number(number));
  list.insertBefore(card, next || null);
  if (focused) card.focus();
  count();
}

async function send(fields) {
  const body = new URLSearchParams({ token: board.dataset.token, tablet: board.dataset.tablet, seen: last, ...fields });
  try {
    const answer = await fetch(board.dataset.board, { method: "POST", body, headers: { accept: "application/json" } });
    const found = answer.ok ? await answer.json() : { problem: "The board did not take that. Load the page again." };
    say(found.problem || found.words);
  } catch {
    say("The board cannot be reached. Nothing was changed.");
  }
  await news();
}

function move(card, place) {
  const number = card.dataset.card;
  say(`Card ${number}: ${placeOf(place).querySelector("h2").textContent.trim()}`);
  return send({ action: "move", card: number, to: place });
}

async function whole() {
  const answer = await fetch(`${board.dataset.board}?tablet=${board.dataset.tablet}`);
  if (!answer.ok) return;
  const focused = document.activeElement?.dataset?.card;
  const typed = Object.fromEntries(["card", "name", "to"].map((id) => [id, document.getElementById(id)?.value]));
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("board");
  board.replaceWith(fresh);
  board = fresh;
  last = Math.max(last, Number(board.dataset.last));
  for (const [id, value] of Object.entries(typed)) {
    const field = document.getElementById(id);
    if (field && value && id !== "name") field.value = value;
  }
  stops();
  if (focused) cardOf(focused)?.focus();
}

let asking = null;
function news() {
  asking ??= ask().finally(() => { asking = null; });
  return asking;
}

async function ask() {
  try {
    const answer = await fetch(`${board.dataset.board}/events?after=${last}`);
    if (!answer.ok) { say("This board has been closed. Load the page again to see why."); return; }
    let changed = false;
    for (const event of await answer.json()) {
      last = Math.max(last, event.id);
      if (event.kind === "place" || event.kind === "undo") {
        lay(event.card, event.place);
        if (event.tablet !== board.dataset.tablet) cardOf(event.card)?.classList.add("tb-card--changed");
      } else changed = true;
      if (event.over_tablet === board.dataset.tablet) {
        say(`${event.tablet} moved card ${event.card} after you, without having seen your move. Theirs came last and stands.`);
      }
    }
    for (const seen of board.querySelectorAll("[name=seen]")) seen.value = last;
    if (changed) await whole();
  } catch { /* the next second asks again */ }
}

function stops() {
  for (const list of board.querySelectorAll(".tb-cards")) {
    for (const card of list.children) card.tabIndex = -1;
    list.addEventListener("focus", () => list.firstElementChild?.focus());
  }
}

document.addEventListener("keydown", (event) => {
  const card = event.target.closest?.(".tb-card");
  if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
  const near = { ArrowDown: card.nextElementSibling, ArrowUp: card.previousElementSibling }[event.key];
  if (near) { near.focus(); event.preventDefault(); return; }
  if (event.key === "Tab" && event.shiftKey) { card.parentElement.tabIndex = -1; setTimeout(() => { card.parentElement.tabIndex = 0; }); return; }
  if (!open()) return;
  if (event.key.toLowerCase() === "u") { send({ action: "undo" }); event.preventDefault(); return; }
  const place = /^\d$/.test(event.key) && [...board.querySelectorAll(".tb-place")][Number(event.key)];
  if (place) { event.preventDefault(); card.classList.remove("tb-card--changed"); move(card, place.dataset.place); }
});

document.addEventListener("pointerdown", (event) => {
  const card = event.target.closest(".tb-card");
  if (!card || !open() || event.button) return;
  held = { card, x: event.clientX, y: event.clientY, dragging: false };
});

document.addEventListener("pointermove", (event) => {
  if (!held) return;
  if (!held.dragging && Math.hypot(event.clientX - held.x, event.clientY - held.y) < 10) return;
  held.dragging = true;
  held.card.classList.add("tb-card--held");
  const over = document.elementFromPoint(event.clientX, event.clientY)?.closest(".tb-place");
  for (const place of board.querySelectorAll(".tb-place")) place.classList.toggle("tb-place--over", place === over);
  event.preventDefault();
});

function drop(event) {
  if (!held) return;
  const { card, dragging } = held;
  held = null;
  card.classList.remove("tb-card--held");
  for (const place of board.querySelectorAll(".tb-place--over")) place.classList.remove("tb-place--over");
  if (!dragging) { card.focus(); return; }
  const over = document.elementFromPoint(event.clientX, event.clientY)?.closest(".tb-place");
  if (over && over !== card.closest(".tb-place")) move(card, over.dataset.place);
}
document.addEventListener("pointerup", drop);
document.addEventListener("pointercancel", () => { held?.card.classList.remove("tb-card--held"); held = null; });

document.addEventListener("submit", (event) => {
  if (!event.target.closest("#board")) return;
  event.preventDefault();
  send(Object.fromEntries(new FormData(event.target, event.submitter)));
  event.target.querySelector("[name=name]")?.form.reset();
});

stops();
setInterval(() => { if (!document.hidden) news(); }, 1000);
