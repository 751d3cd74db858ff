// The bot's replies that wait for the owner: above the talk while there are any, each settled with a press.
import * as api from "./api.js";
import { entered, grow, h } from "./dom.js";
import { at, language, t } from "./screen.js";
import { state } from "./state.js";
import { bubbles } from "./talk.js";

const PAUSE = 3000; // ms between two looks
const LATER = 15000; // the same, after one that failed

let found = []; // what waits, the oldest first
let round = 0; // of two loops only the newer goes on
let timer;
const drawn = new Map(); // id → {look, element}: what has not changed is not touched, least of all a box with a cursor
const edits = new Map(); // id → the words so far
const busy = new Set(); // ids whose word is on its way
const failures = new Map(); // id → why the last word was not taken

/** Look for drafts from now on, where the key is the owner's. */
export function watch() {
  round += 1;
  clearTimeout(timer);
  if (state.card?.owner) void look(round);
  else update([]);
}

async function look(mine) {
  let wait = PAUSE;
  try {
    if (!document.hidden) {
      const { data } = await api.drafts();
      if (mine === round) update(data);
    }
  } catch {
    wait = LATER;
  }
  if (mine === round) timer = setTimeout(() => look(mine), wait);
}

function update(list) {
  found = list;
  const ids = new Set(list.map((each) => each.id));
  for (const kept of [edits, failures]) for (const id of kept.keys()) if (!ids.has(id)) kept.delete(id);
  paint();
}

async function decide(draft, choice, text) {
  if (busy.has(draft.id)) return;
  busy.add(draft.id);
  failures.delete(draft.id);
  paint();
  try {
    await api.decide(draft.id, text ? { choice, text } : { choice });
    edits.delete(draft.id);
    update(found.filter((each) => each !== draft && each.id !== draft.id));
  } catch (failure) {
    failures.set(draft.id, failure.kind === "refused" && failure.said ? failure.said : t().failures[failure.kind]);
  }
  busy.delete(draft.id);
  paint();
  watch(); // it may be gone, or another may have come
}

const press = (draft, act, label, solid, onclick) => {
  const about = { type: "button", class: solid ? "solid" : "plain", "data-act": act, disabled: busy.has(draft.id) };
  return h("button", { ...about, onclick }, label);
};

function editor(draft) {
  const box = h("textarea", { class: "editing", "aria-label": t().draftEdit, dir: "auto", rows: 1 });
  box.value = edits.get(draft.id);
  const send = () => box.value.trim() && decide(draft, "edit", box.value.trim());
  box.addEventListener("input", () => {
    edits.set(draft.id, box.value);
    grow(box);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) change(draft, null);
    else if (entered(event) && (event.ctrlKey || event.metaKey)) void send();
  });
  const close = press(draft, "draft-cancel", t().cancel, false, () => change(draft, null));
  const save = press(draft, "draft-save", t().draftChanged, true, send);
  return [box, h("div", { class: "line" }, close, save)];
}

function change(draft, text) {
  if (text === null) edits.delete(draft.id);
  else edits.set(draft.id, text);
  paint();
  const card = drawn.get(draft.id)?.element;
  const box = card?.querySelector("textarea");
  if (box) grow(box);
  (box ?? card?.querySelector('[data-act="draft-edit"]'))?.focus();
}

function said(lines, own) {
  const box = (line) => h("div", { class: "bubble", dir: "auto" }, line);
  return h("div", { class: own ? "bubbles proposed" : "bubbles" }, ...lines.map(box));
}

function choices(draft) {
  return h(
    "div",
    { class: "line" },
    press(draft, "draft-no", t().draftNo, false, () => decide(draft, "no")),
    press(draft, "draft-edit", t().draftEdit, false, () => change(draft, draft.proposed)),
    press(draft, "draft-send", t().draftSend, true, () => decide(draft, "send")),
  );
}

function card(draft) {
  const from = t().channels[draft.channel] ?? draft.channel;
  const time = new Date(draft.at).toLocaleTimeString(language(), { hour: "2-digit", minute: "2-digit" });
  const why = failures.get(draft.id);
  return h(
    "article",
    { class: "draft", "data-draft": draft.id, "aria-label": draft.name },
    h("p", { class: "small" }, `${t().heard(draft.name)} · ${from} ${time}`),
    said(bubbles(draft.heard, "\n"), false),
    h("p", { class: "small" }, t().proposed),
    ...(edits.has(draft.id) ? editor(draft) : [said(bubbles(draft.proposed, state.card.separator), true), choices(draft)]),
    why && h("div", { class: "failure" }, h("p", { role: "alert" }, why)),
  );
}

/** Draw what has changed. */
export function paint() {
  const ids = new Set(found.map((draft) => draft.id));
  for (const [id, old] of drawn) {
    if (ids.has(id)) continue;
    old.element.remove();
    drawn.delete(id);
  }
  for (const draft of found) {
    const parts = [draft, language(), edits.has(draft.id), busy.has(draft.id), failures.get(draft.id) ?? ""];
    const look = JSON.stringify(parts);
    const old = drawn.get(draft.id);
    if (old?.look === look) continue;
    const element = card(draft);
    if (old) old.element.replaceWith(element);
    else at("drafts-list").append(element);
    drawn.set(draft.id, { look, element });
    const box = element.querySelector("textarea");
    if (box) grow(box);
  }
  const title = found.length ? t().drafts(found.length) : "";
  if (at("drafts-title").textContent !== title) at("drafts-title").textContent = title;
  at("drafts").hidden = !found.length;
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && state.card) watch();
});
