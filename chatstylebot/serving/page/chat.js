// What happens in the talk: sending, answering, pressing. It changes `state` and tells `show` what to draw anew.
import * as api from "./api.js";
import { judge, pick, rewrite } from "./judge.js";
import { both, contact, kind, myself, save, show, state, two } from "./state.js";
import { choose } from "./store.js";
import * as talk from "./talk.js";
import * as votes from "./votes.js";

const last = () => state.turns.at(-1);
const LINES = { network: "offline", cut: "offline", restarting: "restarting", key: "locked" };

function request(asked, count) {
  const model = kind() === "base" ? state.card.models.find((each) => each.kind === "base").id : state.card.model;
  const body = { model, messages: asked };
  if (count > 1) body.n = count;
  if (contact()) body.csb = { contact: contact() };
  if (myself()) body.csb = { owner: true };
  return body;
}

function begin(turn, count) {
  turn.variants = turn.variants.filter((each) => each.state !== "failed" || each.edited !== null);
  const asked = talk.history(state.turns, state.turns.indexOf(turn));
  const fresh = Array.from({ length: count }, (_, n) => talk.variant(asked, n, kind(), contact()));
  const first = turn.variants.length;
  turn.variants.push(...fresh);
  Object.assign(turn, { shown: first, open: count > 1 ? fresh.map((_, n) => first + n) : [], failure: null });
  return { turn, fresh, asked, controller: new AbortController(), dropped: false };
}

/** Let the clone answer: at the end of the talk, or once more in `turn`. */
export async function ask(turn = null) {
  if (state.run) return;
  if (!turn) state.turns.push((turn = talk.reply()));
  const run = (state.run = begin(turn, two() ? 2 : 1));
  show.turn(turn);
  show.frame();
  let failure = null;
  try {
    for await (const piece of api.answers(request(run.asked, run.fresh.length), run.controller.signal)) {
      if (run.dropped) return;
      take(run, piece);
    }
  } catch (raised) {
    failure = raised instanceof api.Failure ? raised : new api.Failure("engine");
    if (failure !== raised) reportError(raised); // a fault of ours must not leave the page waiting
  }
  if (!run.dropped) settle(run, failure);
}

function take(run, piece) {
  const variant = run.fresh[piece.index];
  if (!variant) return;
  variant.completion = piece.completion;
  variant.text += piece.text;
  if (piece.finish) variant.state = "done";
  show.growth(run.turn);
}

function settle({ turn, fresh }, failure) {
  state.run = null;
  for (const each of fresh) {
    if (each.state === "running") each.state = !failure ? "done" : failure.kind === "stopped" ? "stopped" : "failed";
  }
  const said = clean(turn, fresh);
  const failed = failure && failure.kind !== "stopped";
  if (failed) turn.open = [];
  if (failed || !said.length) {
    const why = failure?.kind ?? "empty";
    const until = failure?.wait ? Date.now() + failure.wait * 1000 : 0;
    turn.failure = { kind: why, said: failure?.said, until };
  }
  state.line = LINES[failure?.kind] ?? "online";
  save();
  show.turn(turn);
  show.frame();
  if (said.length) show.say(turn);
  if (failure?.kind === "key") show.key();
  if (!failed) goOn();
}

/** Take out the new answers that stayed empty; what is left of them. */
function clean(turn, fresh) {
  const said = fresh.filter((each) => each.text.trim());
  turn.variants = turn.variants.filter((each) => !fresh.includes(each) || said.includes(each));
  turn.open = said.length > 1 ? said.map((each) => turn.variants.indexOf(each)) : [];
  turn.shown = said.length ? turn.variants.indexOf(said[0]) : Math.max(0, turn.variants.length - 1);
  return said;
}

/** Answer what was written in the meantime. */
function goOn() {
  const waiting = state.turns.some((turn) => turn.open?.length);
  if (last()?.who === "me" && !state.run && !waiting) void ask();
}

export const stop = () => state.run?.controller.abort();

/** Forget the running answer as if it had never begun. */
function drop() {
  const run = state.run;
  if (!run) return;
  run.dropped = true;
  state.run = null;
  run.controller.abort();
  clean(run.turn, run.fresh.map((each) => Object.assign(each, { text: "" })));
}

/** Say something; false when a pick is due first. Before the first letter of an answer came, it is asked for anew. */
export function send(text) {
  const begun = state.run?.fresh.some((each) => each.text.trim());
  if (state.run && !begun) drop();
  if (state.turns.some((turn) => turn.open?.length)) return false;
  for (const turn of state.turns.filter((each) => each.failure)) turn.failure = null;
  state.turns = state.turns.filter((turn) => turn.who === "me" || turn.variants.length);
  state.turns.push(talk.mine(text));
  state.previous = null;
  save();
  show.everything();
  goOn();
  return true;
}

function again(turn) {
  if (turn === last()) return void ask(turn);
  turn.failure = null;
  if (!turn.variants.length) state.turns = state.turns.filter((each) => each !== turn);
  show.everything();
  return goOn();
}

/** The key has changed: go on with what waited for it. */
export function unlocked() {
  votes.hurry();
  const turn = state.turns.find((each) => each.failure?.kind === "key");
  if (turn) again(turn);
}

/** Open one answer for rewriting; another that is open is closed. */
function edit(turn) {
  const other = state.turns.find((each) => each.id === state.editing?.id);
  state.editing = { id: turn.id, text: talk.words(talk.shown(turn)) };
  if (other) show.turn(other);
}

const ACTS = {
  good: (turn) => judge(turn, "good"),
  bad: (turn) => judge(turn, "bad"),
  pick: (turn, variant) => pick(turn, variant),
  neither: (turn) => pick(turn, null),
  edit,
  save: rewrite,
  cancel: () => (state.editing = null),
  before: (turn, by) => (turn.shown += by),
  after: (turn, by) => (turn.shown += by),
  again: (turn) => void ask(turn),
  retry: (turn) => (turn.failure.kind === "key" ? show.key() : again(turn)),
  hurry: votes.hurry,
};

export function act(name, turn, value) {
  ACTS[name](turn, value);
  save();
  show.turn(turn);
  show.frame();
  if (name === "pick" || name === "neither") goOn();
}

export function voted(id, progress, why) {
  for (const turn of [...state.turns, ...(state.previous ?? [])]) {
    const variant = turn.variants?.find((each) => each.vote?.id === id);
    if (!variant) continue;
    Object.assign(variant.vote, { state: progress, why });
    save();
    show.turn(turn);
  }
}

export function fresh() {
  drop();
  if (state.turns.length) state.previous = state.turns.filter((turn) => turn.who === "me" || turn.variants.length);
  Object.assign(state, { turns: [], editing: null });
  save();
  show.everything();
}

export function undo() {
  Object.assign(state, { turns: state.previous, previous: null });
  save();
  show.everything();
}

export function change(what) {
  const other = "contact" in what && what.contact !== contact();
  choose(what);
  if (other) fresh(); // another person is another talk
  show.frame();
}
