// A turn of the talk as an element. `look` holds the words, the card, and what a press calls (`look.act`).
import { entered, grow, h, icon } from "./dom.js";
import { between, bubbles, shown, siblings, whole, words } from "./talk.js";

const ICONS = { bad: "good", before: "left", after: "right", pick: "check" };

const dots = () => h("div", { class: "bubble dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));

/** The first letter of a name, in the dashed ring that says "a clone". */
export const initial = (name) => Array.from(name.trim())[0]?.toUpperCase() ?? "·";

/** Make the bubbles in `box` say what the answer says now; those that stand there already are not touched. */
export function fill(box, variant, look, moving) {
  const running = variant.state === "running";
  const texts = bubbles(words(variant), look.card.separator, !running);
  box.querySelector(".dots")?.remove();
  texts.forEach((text, n) => {
    const there = box.children[n];
    if (!there) box.append(h("div", { class: moving ? "bubble new" : "bubble", dir: "auto" }, text));
    else if (there.textContent !== text) there.textContent = text;
  });
  while (box.children.length > texts.length) box.lastChild.remove();
  if (running && between(variant.text, look.card.separator)) box.append(dots());
}

function answer(variant, look) {
  const box = h("div", { class: "bubbles", lang: look.card.language });
  fill(box, variant, look, false);
  return box;
}

function press(name, title, turn, look, { text = null, pressed = null, extra = {}, with: value } = {}) {
  const about = { type: "button", class: text ? "act worded" : "act", "data-act": name, title, "aria-label": title };
  const onclick = () => look.act(name, turn, value);
  if (pressed !== null) about["aria-pressed"] = String(pressed);
  return h("button", { ...about, ...extra, onclick }, icon(ICONS[name] ?? name), text);
}

function note(turn, variant, look) {
  const { t } = look;
  const state = variant.vote?.state;
  if (state === "pending") {
    const late = { type: "button", class: "note late", "data-act": "hurry" };
    return h("button", { ...late, onclick: () => look.act("hurry", turn) }, t.pending);
  }
  const says = {
    refused: variant.vote?.why ? `${t.refused}: ${variant.vote.why}` : t.refused,
    stored: variant.verdict === "chosen" ? `${t.picked} · ${t.stored}` : t.stored,
  }[state];
  return h("span", { class: "note", role: "status" }, says ?? (variant.verdict === "chosen" ? t.picked : ""));
}

function judging(turn, variant, look) {
  const { t } = look;
  if (siblings(turn, variant).length > 1) {
    const done = variant.verdict === "chosen" || variant.edited !== null;
    return done ? [] : [press("pick", t.pick, turn, look, { text: t.pick, with: variant })];
  }
  // what stands there is the person's own: the edit is the vote
  if (!look.votable(variant) || !whole(variant) || variant.edited !== null) return [];
  return ["good", "bad"].map((name) => {
    const more = { pressed: variant.verdict === name, extra: { title: t[name] } };
    return press(name, t[`${name}Title`], turn, look, more);
  });
}

function pager(turn, look) {
  const { t } = look;
  const last = turn.variants.length - 1;
  if (last < 1) return null;
  const step = (name, by, end) =>
    press(name, t[name], turn, look, { with: by, extra: { disabled: turn.shown === end } });
  const count = h("span", { class: "count" }, `${turn.shown + 1}/${last + 1}`);
  return h("span", { class: "pager" }, step("before", -1, 0), count, step("after", 1, last));
}

function acts(turn, look) {
  const { t } = look;
  const variant = shown(turn);
  return h(
    "div",
    { class: "acts", role: "group" },
    ...judging(turn, variant, look),
    look.votable(variant) && press("edit", t.edit, turn, look),
    press("again", t.again, turn, look),
    pager(turn, look),
    note(turn, variant, look),
  );
}

function pair(turn, look) {
  const { t } = look;
  const ready = !look.running;
  const cards = turn.open.map((at, n) => {
    const variant = turn.variants[at];
    const onclick = () => look.act("pick", turn, variant);
    const pick = { type: "button", class: "solid", "data-act": `pick${n}`, disabled: !ready, onclick };
    const about = { class: "candidate", "aria-label": t.answer(n + 1) };
    return h("section", about, answer(variant, look), h("button", pick, t.pick));
  });
  const onclick = () => look.act("neither", turn);
  const neither = { type: "button", class: "plain", "data-act": "neither", disabled: !ready, onclick };
  return h(
    "div",
    { class: "pair", role: "group", "aria-label": t.pair },
    h("p", { class: "small" }, t.pair),
    h("div", { class: "candidates" }, ...cards),
    h("button", neither, t.neither),
  );
}

/** What went wrong and the way on; while the server wants to be left alone, the way on counts the seconds. */
export function failure(what, look, onretry) {
  const { t } = look;
  const again = h("button", { type: "button", class: "plain", "data-act": "retry", onclick: onretry });
  const tick = () => {
    const left = Math.ceil(((what.until ?? 0) - Date.now()) / 1000);
    again.disabled = left > 0;
    again.textContent = left > 0 ? t.retryIn(left) : what.kind === "key" ? t.enterKey : t.retry;
    if (left > 0) setTimeout(() => again.isConnected && tick(), 500);
  };
  tick();
  const said = what.kind === "refused" && what.said;
  const line = h("p", { role: "alert" }, t.failures[what.kind], said && h("span", { class: "small" }, said));
  return h("div", { class: "failure" }, line, again);
}

function editor(turn, look) {
  const { t, card } = look;
  const box = h("textarea", { class: "editing", "aria-label": t.edit, dir: "auto", rows: 1, lang: card.language });
  box.value = look.editing.text;
  const save = () => look.act("save", turn, box.value);
  const close = () => look.act("cancel", turn);
  box.addEventListener("input", () => {
    look.editing.text = box.value; // outlives whatever draws the talk anew
    grow(box);
  });
  box.addEventListener("keydown", (event) => {
    const ends = event.key === "Escape" && !event.isComposing;
    if (!ends && !(entered(event) && (event.ctrlKey || event.metaKey))) return;
    event.preventDefault(); // else the same key presses the button that gets the focus next
    if (ends) close();
    else save();
  });
  const rule = card.separator === "\n" ? t.editLine : card.separator.trim() ? t.editMark(card.separator) : t.editBlank;
  return h(
    "div",
    { class: "editor" },
    h("p", { class: "small" }, t.edit),
    box,
    h("p", { class: "small faint" }, rule),
    h(
      "div",
      { class: "line" },
      h("button", { type: "button", class: "plain", "data-act": "cancel", onclick: close }, t.cancel),
      h("button", { type: "button", class: "solid", "data-act": "save", onclick: save }, t.save),
    ),
  );
}

function marks(turn, variant, look) {
  const { t } = look;
  const by = variant.kind === "base" ? t.base : look.card.name;
  const label = look.both && h("span", { class: `kind ${variant.kind}` }, by);
  const all = [label, variant.edited !== null && h("span", { class: "kind" }, t.edited)];
  if (!whole(variant) && variant.state !== "running") all.push(h("span", { class: "kind" }, t.partial));
  return all.some(Boolean) ? h("p", { class: "marks" }, ...all) : null;
}

function body(turn, look) {
  if (look.editing?.id === turn.id) return [editor(turn, look)];
  const parts = [];
  const variant = shown(turn);
  const out = variant?.verdict === "rejected" && variant.edited === null;
  if (variant) parts.push(marks(turn, variant, look));
  if (turn.open.length) parts.push(pair(turn, look));
  else if (variant) parts.push(answer(variant, look), out && h("p", { class: "small" }, look.t.rejected));
  if (turn.failure) parts.push(failure(turn.failure, look, () => look.act("retry", turn)));
  if (variant && !turn.open.length && !look.running) parts.push(acts(turn, look));
  return [h("div", { class: out ? "said out" : "said", "aria-busy": String(look.running) }, ...parts.filter(Boolean))];
}

export function draw(turn, look) {
  if (turn.who === "me") {
    const bubble = h("div", { class: "bubble", dir: "auto" }, turn.text);
    return h("article", { class: "turn me", "data-id": turn.id }, h("div", { class: "bubbles" }, bubble));
  }
  const base = shown(turn)?.kind === "base";
  const kind = base ? "avatar small base" : "avatar small";
  const face = h("span", { class: kind, "aria-hidden": "true" }, base ? "AI" : initial(look.card.name));
  const about = { class: "turn them", "data-id": turn.id, "aria-label": look.card.name };
  return h("article", about, face, ...body(turn, look));
}

/** The bubbles of a running turn, brought up to date. */
export function update(element, turn, look) {
  const running = turn.open.length ? turn.open.map((at) => turn.variants[at]) : [shown(turn)];
  element.querySelectorAll(".bubbles").forEach((box, n) => fill(box, running[n], look, true));
}
