// The talk as values. Nothing here touches the page or the network.
//
// A turn is {id, who: "me", text} or {id, who: "them", variants, shown, open, failure}. A variant is one answer:
// {text, edited, completion, index, asked, contact, kind, state, verdict, vote}; `open` lists the variants among
// which a pick is awaited. What is shown is what the history says: an edit for the answer, nothing for "neither".

const WINDOW = 60; // messages sent along; the gateway cuts to the card's history anyway

/** The bubbles of an answer; of an unfinished one without the half of a separator at its end. */
export function bubbles(text, separator, whole = true) {
  let kept = text;
  for (let n = Math.min(separator.length - 1, text.length); n > 0 && !whole; n--) {
    if (text.endsWith(separator.slice(0, n))) {
      kept = text.slice(0, -n);
      break;
    }
  }
  return kept.split(separator).map((bubble) => bubble.trim()).filter(Boolean);
}

/** Whether the next bubble has no letter yet. */
export const between = (text, separator) => !text.trim() || text.endsWith(separator);

export const words = (variant) => variant.edited ?? variant.text;
export const whole = (variant) => variant.state === "done";
export const shown = (turn) => turn.variants[turn.shown];
export const siblings = (turn, variant) =>
  turn.variants.filter((other) => other.completion === variant.completion).sort((a, b) => a.index - b.index);

function message(turn) {
  if (turn.who === "me") return { role: "user", content: turn.text };
  const variant = shown(turn);
  const counts = variant && !turn.open.length && (variant.edited !== null || variant.verdict !== "rejected");
  return { role: "assistant", content: counts ? words(variant) : "" };
}

/** What is sent as the talk so far: everything before `end`. */
export const history = (turns, end = turns.length) =>
  turns.slice(0, end).map(message).filter((each) => each.content.trim()).slice(-WINDOW);

/** 16 random bytes as a UUID; `crypto.randomUUID` is missing where the page is not served by https or loopback. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

export const mine = (text) => ({ id: uuid(), who: "me", text });
export const reply = () => ({ id: uuid(), who: "them", variants: [], shown: 0, open: [], failure: null });

/** An empty answer to `asked`, the messages as they were sent. */
export const variant = (asked, index, kind, contact) => ({
  text: "", edited: null, completion: "", index, asked, contact, kind, state: "running", verdict: null, vote: null,
});

/** The body of a vote, with everything the server needs if it no longer knows the completion. */
export function vote(turn, about, verdict) {
  const told = siblings(turn, about);
  // an answer that stayed empty is no sibling any more, and keeps its place all the same
  const candidates = Array.from({ length: told.at(-1).index + 1 }, (_, n) => told.find((each) => each.index === n)?.text ?? "");
  const body = {
    id: uuid(),
    completion: about.completion,
    verdict,
    index: about.index,
    source: "page",
    messages: about.asked,
    candidates,
  };
  if (about.contact) body.contact = about.contact;
  return verdict === "edited" ? { ...body, text: about.edited } : body;
}

/** The talk of an earlier load of this tab; an answer that was being written then stays as far as it came. */
export function revive(turns) {
  for (const turn of turns.filter((each) => each.who === "them")) {
    for (const each of turn.variants) if (each.state === "running") each.state = "stopped";
    const kept = turn.variants.filter((each) => each.text.trim());
    const lost = kept.length < turn.variants.length;
    if (lost) Object.assign(turn, { variants: kept, open: [], shown: Math.max(0, kept.length - 1) });
    if (!kept.length) turn.failure ??= { kind: "stopped" };
  }
  return turns;
}
