// What a person does around the talk: typing, sending, choosing how it looks, and opening the door with a key.
import * as api from "./api.js";
import * as chat from "./chat.js";
import { entered, grow } from "./dom.js";
import * as drafts from "./drafts.js";
import { at, button, labels, language, near, steady, t } from "./screen.js";
import { show, state } from "./state.js";
import { choose, settings } from "./store.js";
import * as view from "./view.js";
import * as votes from "./votes.js";

const root = document.documentElement;
const scroll = at("scroll");
const text = at("text");

// ---- the composer

function hint(message) {
  at("hint").textContent = message;
  at("hint").hidden = !message;
}

function submit() {
  const typed = text.value.trim();
  if (!typed || !state.card) return;
  if (!chat.send(typed)) {
    hint(t().pickFirst);
    at("talk").querySelector(".pair")?.scrollIntoView({ block: "nearest" });
    return;
  }
  hint("");
  text.value = "";
  grow(text);
  button();
}

at("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  if (at("send").dataset.does === "stop") chat.stop();
  else submit();
  text.focus({ preventScroll: true });
});

text.addEventListener("input", () => {
  steady(() => grow(text));
  hint("");
  button();
});

text.addEventListener("keydown", (event) => {
  if (!entered(event) || event.shiftKey) return;
  event.preventDefault();
  submit();
});

at("new").addEventListener("click", () => {
  chat.fresh();
  hint("");
  text.focus();
});

at("language").addEventListener("click", () => {
  choose({ language: language() === "zh" ? "en" : "zh" });
  hint("");
  if (state.card) show.everything();
  else void open();
  drafts.paint();
});

function paint(theme) {
  root.dataset.theme = theme;
  labels();
}

at("theme").addEventListener("click", () => {
  choose({ theme: root.dataset.theme === "dark" ? "light" : "dark" });
  paint(settings.theme);
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
  if (!settings.theme) paint(event.matches ? "dark" : "light");
});

scroll.addEventListener("scroll", () => (at("latest").hidden = near()), { passive: true });
at("latest").addEventListener("click", () => scroll.scrollTo({ top: scroll.scrollHeight, behavior: "smooth" }));

// ---- the door

show.key = () => {
  const wrong = api.hasKey() ? t().doorWrong : t().doorFirst;
  at("door-why").textContent = api.linkUsed() ? t().doorUsed : wrong;
  at("key").value = "";
  if (!at("door").open) at("door").showModal();
};

at("door-later").addEventListener("click", () => at("door").close());
at("door").querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  api.enter(at("key").value);
  at("door").close();
  void open();
});

addEventListener("hashchange", () => {
  if (api.takeKey()) void open();
});

/** Fetch the card, and go on with everything that waited for it. */
async function open() {
  state.line = "connecting";
  show.frame();
  try {
    state.card = await api.card();
  } catch (failure) {
    closed(failure);
    return;
  }
  state.line = "online";
  text.disabled = false;
  show.everything();
  chat.unlocked();
  drafts.watch();
  if (matchMedia("(hover: hover)").matches) text.focus();
}

function closed(failure) {
  state.line = { restarting: "restarting", key: "locked" }[failure.kind] ?? "offline";
  show.frame();
  const until = failure.wait ? Date.now() + failure.wait * 1000 : 0;
  const onretry = () => (failure.kind === "key" ? show.key() : void open());
  at("about").replaceChildren(view.failure({ kind: failure.kind, said: failure.said, until }, { t: t() }, onretry));
  if (failure.kind === "key") show.key();
}

votes.listen(chat.voted, () => show.key());
api.takeKey();
void open();
