// What somebody thinks of an answer, as votes.
import { state, votable } from "./state.js";
import * as talk from "./talk.js";
import * as votes from "./votes.js";

function cast(turn, variant, verdict) {
  variant.verdict = verdict;
  const body = talk.vote(turn, variant, verdict);
  variant.vote = { id: body.id, state: "sending" };
  votes.send(body);
}

/** Like or unlike; the same twice is once. */
export function judge(turn, verdict) {
  if (talk.shown(turn).verdict !== verdict) cast(turn, talk.shown(turn), verdict);
}

/** One of two, or none of them. Only whole answers are worth a vote. */
export function pick(turn, chosen) {
  const pair = chosen ? talk.siblings(turn, chosen) : turn.open.map((at) => turn.variants[at]);
  const counts = pair.every((each) => talk.whole(each) && votable(each));
  turn.open = [];
  if (chosen) turn.shown = turn.variants.indexOf(chosen);
  const other = chosen ? null : "rejected";
  for (const each of pair) Object.assign(each, { verdict: each === chosen ? "chosen" : other, vote: null });
  if (counts) for (const each of chosen ? [chosen] : pair) cast(turn, each, each.verdict);
}

/** The person's own words instead of the answer. */
export function rewrite(turn, text) {
  const variant = talk.shown(turn);
  state.editing = null;
  if (!text.trim() || text.trim() === talk.words(variant).trim()) return;
  variant.edited = text.trim();
  cast(turn, variant, "edited");
}
