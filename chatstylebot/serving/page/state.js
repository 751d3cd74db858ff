// Everything the page knows, and what follows from it.
import { keep, recall, settings } from "./store.js";
import { revive } from "./talk.js";

export const state = {
  card: null,
  turns: revive(recall("talk", [])),
  run: null, // the answer that is being written
  editing: null, // {id, text}: the turn that is being rewritten, and how far
  previous: null, // the turns of the last talk
  line: "connecting",
};

/** What draws it, set by screen.js and page.js: turn(turn), growth(turn), everything(), frame(), say(turn), key(). */
export const show = {};

export const save = () => keep("talk", state.turns);

export const both = () => new Set(state.card.models.map((model) => model.kind)).size > 1;
export const kind = () => (settings.kind === "base" && both() ? "base" : "clone");
export const two = () => Boolean(settings.two && state.card.votes);
/** Votes train the clone, so only its own answers take any. */
export const votable = (variant) => state.card.votes && variant.kind === "clone";
export const contact = () => state.card.contacts?.find((each) => each.id === settings.contact)?.id ?? "";
export const STRANGER = "?"; // no id of contacts.yaml
/** Whether the owner is told everything that is remembered. */
export const myself = () => Boolean(state.card.owner && state.card.memory && !contact() && settings.contact !== STRANGER);
