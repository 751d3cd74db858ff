// The only module that speaks to the gateway: the key, plain calls, and the reader of event streams.

const PATIENCE = 180000; // ms without a byte: a laptop may well take a minute to read a long talk
const KINDS = { 401: "key", 403: "forbidden", 429: "busy", 502: "restarting", 503: "restarting", 504: "stalled" };

let key = "";
try {
  key = sessionStorage.getItem("csb.key") ?? "";
} catch {
  // storage is switched off: the key lives as long as the page
}

/** What went wrong, as one of the words under `failures`; `wait` is how many seconds the server asked for. */
export class Failure extends Error {
  constructor(kind, { said = "", wait = 0 } = {}) {
    super(kind);
    Object.assign(this, { kind, said, wait });
  }
}

export const hasKey = () => key !== "";

function setKey(value) {
  key = value.trim();
  try {
    sessionStorage.setItem("csb.key", key);
  } catch {
    // see above
  }
}

let link = ""; // the word of a link that opens the page once, until it is traded for the key
let used = false;

/** Whether the page was opened with a link that had been used before. */
export const linkUsed = () => used;

/** A key that somebody typed; what became of the link does not matter any more. */
export function enter(value) {
  used = false;
  setKey(value);
}

/** Take `#key=…` or `#once=…` out of the address, so that it is neither seen nor bookmarked; true when there was one. */
export function takeKey() {
  const found = /(?:^#|&)(key|once)=([^&]*)/.exec(location.hash);
  if (!found) return false;
  history.replaceState(null, "", location.pathname + location.search);
  let word = found[2];
  try {
    word = decodeURIComponent(word);
  } catch {
    // a lone % is part of the key
  }
  if (found[1] === "key") setKey(word);
  else link = word;
  return true;
}

/** Trade the link's word for the owner's key. One that was used before changes nothing. */
async function trade() {
  if (!link) return;
  try {
    setKey((await json("/v1/links/open", { once: link })).key);
    used = false;
  } catch (failure) {
    if (failure.kind !== "refused") throw failure; // the word is still good
    used = true;
  }
  link = "";
}

function seconds(header) {
  if (!header) return 0;
  const number = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(number) ? Math.max(0, Math.ceil(number)) : 0;
}

async function refusal(response) {
  let said = "";
  try {
    said = (await response.json()).error?.message ?? "";
  } catch {
    // a proxy's page, not ours
  }
  const kind = KINDS[response.status] ?? (response.status < 500 ? "refused" : "engine");
  return new Failure(kind, { said: String(said), wait: seconds(response.headers.get("Retry-After")) });
}

async function call(path, body, signal) {
  if (key && !/^[\x21-\x7e]+$/.test(key)) throw new Failure("key"); // no header can carry it
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  const typed = { ...headers, "Content-Type": "application/json" };
  const sent = { method: "POST", headers: typed, body: JSON.stringify(body) };
  let response;
  try {
    response = await fetch(path, { ...(body ? sent : { headers }), signal, cache: "no-store", credentials: "omit" });
  } catch {
    throw new Failure(signal?.aborted ? "stopped" : "network");
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

/** A signal that fires after `wait` ms, for what must not hang. */
function limit(wait) {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), wait);
  return controller.signal;
}

async function json(path, body) {
  try {
    return await (await call(path, body, limit(30000))).json();
  } catch (failure) {
    throw failure instanceof Failure && failure.kind !== "stopped" ? failure : new Failure("network");
  }
}

/** What the gateway tells of itself, asked with the key of the link, if there was one. */
export async function card() {
  await trade();
  return json("/v1/card");
}
export const drafts = () => json("/v1/drafts");
export const decide = (id, word) => json(`/v1/drafts/${encodeURIComponent(id)}`, word);
export const feedback = (vote) => json("/v1/feedback", vote);

/** The data of each server-sent event of a body. */
async function* events(reader, alive) {
  const decoder = new TextDecoder();
  let rest = "";
  let data = [];
  for (;;) {
    const { done, value } = await reader.read();
    alive();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
      else if (line === "" && data.length) {
        yield data.join("\n");
        data = [];
      }
    }
  }
}

/** One event's pieces; an error in mid-stream is raised. */
function* pieces(data) {
  const chunk = JSON.parse(data);
  if (chunk.error) throw new Failure("engine", { said: String(chunk.error.message ?? "") });
  for (const choice of chunk.choices ?? []) {
    const text = choice.delta?.content ?? "";
    yield { completion: chunk.id, index: choice.index, text, finish: choice.finish_reason };
  }
}

/** The answers as they come: {completion, index, text, finish}. Ends when all is said, raises Failure otherwise. */
export async function* answers(body, signal) {
  const inner = new AbortController();
  const stop = () => inner.abort();
  signal.addEventListener("abort", stop);
  let stalled = false;
  let timer;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      stalled = true;
      stop();
    }, PATIENCE);
  };
  alive();
  try {
    const streamed = { ...body, stream: true, stream_options: { include_usage: true } };
    const response = await call("/v1/chat/completions", streamed, inner.signal);
    for await (const data of events(response.body.getReader(), alive)) {
      if (data === "[DONE]") return;
      yield* pieces(data);
    }
    throw new Failure("cut");
  } catch (failure) {
    if (signal.aborted) throw new Failure("stopped");
    if (stalled) throw new Failure("stalled");
    throw failure instanceof Failure ? failure : new Failure(failure instanceof SyntaxError ? "engine" : "cut");
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    stop(); // whoever leaves early closes the connection, and the engine stops
  }
}
