// Votes on their way: in order, each with one id for all its tries, until the server has stored or refused it.
import * as api from "./api.js";
import { keep, recall } from "./store.js";

// all else is final
const LATER = new Set(["network", "restarting", "busy", "stalled", "engine", "key", "forbidden"]);
const LONGEST = 30; // seconds between two tries

const queue = recall("votes", []);
let changed = () => {};
let locked = () => {};
let sending = false;
let timer;
let tries = 0;

/** Call `onChange(id, state, why)` when a vote's state changes and `onKey()` when the server wants a key. */
export function listen(onChange, onKey) {
  changed = onChange;
  locked = onKey;
}

export const pending = () => queue.length;

export function send(vote) {
  queue.push(vote);
  keep("votes", queue);
  hurry();
}

/** Try now instead of later. */
export function hurry() {
  clearTimeout(timer);
  if (!sending && queue.length) void deliver();
}

function settle(state, why) {
  const [vote] = queue.splice(0, 1);
  keep("votes", queue);
  tries = 0;
  changed(vote.id, state, why);
}

async function deliver() {
  sending = true;
  try {
    while (queue.length) {
      await api.feedback(queue[0]);
      settle("stored");
    }
  } catch (failure) {
    later(failure);
  }
  sending = false;
}

function later(failure) {
  if (!LATER.has(failure.kind)) {
    settle("refused", failure.said);
    timer = setTimeout(hurry, 0);
    return;
  }
  for (const vote of queue) changed(vote.id, "pending");
  if (failure.kind === "key" || failure.kind === "forbidden") locked();
  else timer = setTimeout(hurry, 1000 * Math.max(failure.wait, Math.min(LONGEST, 2 ** tries++)));
}

addEventListener("online", hurry);
addEventListener("beforeunload", (event) => {
  if (queue.length) event.preventDefault();
});
