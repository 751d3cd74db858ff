// What stands on the screen: the talk, and the frame around it. Setting `show` is all that chat.js knows of it.
import * as api from "./api.js";
import * as chat from "./chat.js";
import { grow, h, icon } from "./dom.js";
import { STRANGER, both, contact, kind, myself, show, state, two, votable } from "./state.js";
import { settings } from "./store.js";
import { bubbles, shown, words } from "./talk.js";
import * as view from "./view.js";
import { LANGUAGES, WORDS } from "./words.js";

export const at = (id) => document.getElementById(id);
const root = document.documentElement;
const scroll = at("scroll");
const text = at("text");

const preferred = () => (/^zh\b/i.test(navigator.language) ? "zh" : "en");
export const language = () => (LANGUAGES.includes(settings.language) ? settings.language : preferred());
export const t = () => WORDS[language()];

const look = (turn) => ({
  t: t(),
  card: state.card,
  both: both(),
  running: state.run?.turn === turn,
  editing: state.editing,
  votable: votable,
  act: chat.act,
});

// ---- the talk

export const near = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 90;

/** Change the talk, and stay at its end if we were there. */
export function steady(change, anyway = false) {
  const end = anyway || near();
  change();
  if (end) scroll.scrollTop = scroll.scrollHeight;
  at("latest").hidden = near();
}

const found = (turn) => at("talk").querySelector(`[data-id="${turn.id}"]`);

show.turn = (turn) => {
  if (!state.turns.includes(turn)) return;
  steady(() => {
    const old = found(turn);
    const element = view.draw(turn, look(turn));
    const inside = old?.contains(document.activeElement);
    const focus = inside ? (document.activeElement.dataset.act ?? "edit") : null;
    if (old) old.replaceWith(element);
    else at("talk").append(element);
    const box = element.querySelector("textarea");
    if (box) {
      grow(box);
      if (focus === "edit") {
        box.focus();
        box.setSelectionRange(box.value.length, box.value.length);
      }
    } else if (focus) {
      const same = element.querySelector(`[data-act="${focus}"]:enabled`);
      (same ?? element.querySelector('[data-act="edit"]') ?? text).focus();
    }
  });
};

show.growth = (turn) => {
  const element = found(turn);
  if (element) steady(() => view.update(element, turn, look(turn)));
};

show.everything = () => {
  steady(() => at("talk").replaceChildren(...state.turns.map((turn) => view.draw(turn, look(turn)))), true);
  show.frame();
};

show.say = (turn) => {
  const texts = bubbles(words(shown(turn)), state.card.separator);
  at("spoken").textContent = `${state.card.name}: ${texts.join(" ")}`;
};

// ---- the frame

function about() {
  const { name, votes: may } = state.card;
  const parts = [];
  if (state.previous && !state.turns.length) {
    const back = h("button", { type: "button", class: "plain", id: "back", onclick: chat.undo }, t().back);
    parts.push(h("p", { class: "small", role: "status" }, `${t().dropped} `, back));
  }
  if (!state.turns.length) {
    parts.push(h("span", { class: "avatar large", "aria-hidden": "true" }, view.initial(name)), h("h2", {}, name));
  }
  parts.push(h("p", { class: "small" }, t().about(name)));
  parts.push(h("p", { class: "small faint" }, may ? t().kept : t().keptOnly));
  if (!may && api.linkUsed()) parts.push(h("p", { class: "small", role: "status" }, t().doorUsed));
  if (!may && !api.hasKey()) {
    parts.push(h("button", { type: "button", class: "plain", id: "judge", onclick: show.key }, t().judge));
  }
  return parts;
}

function chip(label, pressed, onclick, more = {}, ...inside) {
  const about = { type: "button", class: "chip", "aria-pressed": String(pressed), onclick };
  return h("button", { ...about, ...more }, ...inside, label);
}

function choices() {
  const parts = [];
  const { card } = state;
  if (both()) {
    const one = (each, label) => chip(label, kind() === each, () => chat.change({ kind: each }), { "data-kind": each });
    const about = { class: "switch", role: "group", "aria-label": t().who };
    parts.push(h("span", about, one("clone", t().clone), one("base", t().base)));
  }
  if (card.votes) {
    const about = { id: "two", title: t().twoTitle };
    parts.push(chip(t().two, two(), () => chat.change({ two: !two() }), about, icon("two")));
  }
  if (card.owner && (card.memory || card.contacts?.length)) parts.push(people(card));
  return parts;
}

function people({ contacts, memory }) {
  const chosen = contact() || (myself() ? "" : STRANGER);
  const option = (id, label) => h("option", { value: id, selected: id === chosen }, label);
  const mine = memory ? [option("", t().myself)] : [];
  const known = contacts.map((each) => option(each.id, [each.name, each.relation].filter(Boolean).join(" · ")));
  const onchange = (event) => chat.change({ contact: event.target.value });
  const list = h("select", { id: "contact", onchange }, ...mine, option(STRANGER, t().anyone), ...known);
  return h("label", { class: "chip" }, h("span", {}, t().contact), list);
}

export function labels() {
  root.lang = language() === "zh" ? "zh-CN" : "en";
  const other = root.dataset.theme === "dark" ? "light" : "dark";
  const titles = { new: t().newTalk, language: t().otherTitle, theme: t()[other], latest: t().latest };
  for (const [id, title] of Object.entries(titles)) Object.assign(at(id), { title, ariaLabel: title });
  at("theme").querySelector("use").setAttribute("href", `#i-${other}`);
  at("language").textContent = t().other;
  at("talk").ariaLabel = t().talk;
  at("choices").ariaLabel = t().choices;
  const door = { title: t().doorTitle, label: t().doorLabel, open: t().doorOpen, later: t().doorLater };
  for (const [id, word] of Object.entries(door)) at(`door-${id}`).textContent = word;
}

function status() {
  const line = state.run ? "typing" : state.line;
  at("status").textContent = t()[line];
  at("status").dataset.line = line;
}

export function button() {
  const stopping = Boolean(state.run) && !text.value.trim();
  const title = stopping ? t().stop : t().send;
  const send = at("send");
  send.querySelector("use").setAttribute("href", stopping ? "#i-stop" : "#i-send");
  send.disabled = !state.card || (!stopping && !text.value.trim());
  Object.assign(send, { title, ariaLabel: title });
  send.dataset.does = stopping ? "stop" : "send";
}

/** Keep the focus where it is while the choices are drawn anew. */
function replace(parent, children) {
  const controls = () => [...parent.querySelectorAll("button, select")];
  const there = controls().indexOf(document.activeElement);
  parent.replaceChildren(...children);
  if (there >= 0) controls()[there]?.focus();
}

show.frame = () => {
  labels();
  status();
  button();
  if (!state.card) return;
  const { name } = state.card;
  document.title = name;
  at("name").textContent = name;
  at("face").textContent = view.initial(name);
  text.placeholder = t().write(name);
  text.ariaLabel = t().write(name);
  replace(at("about"), about());
  replace(at("choices"), choices());
};
