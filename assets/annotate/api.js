// What the server is asked. Addresses are relative, so a token in the page's own address goes along.

const PATIENCE_MS = 20000;

// The server's refusal: its status and what it says.
export class Refusal extends Error {
  constructor(status, body) {
    super(body?.error ?? `the server answered ${status}`);
    Object.assign(this, { status, body });
  }
}

// Whether the server answers, as the last request found it.
export const line = { up: true, changed: () => {} };

function found(up) {
  if (line.up === up) return;
  line.up = up;
  line.changed(up);
}

async function ask(path, { body, signal, headers } = {}) {
  const late = AbortSignal.timeout(PATIENCE_MS);
  const options = { headers, signal: signal ? AbortSignal.any([signal, late]) : late };
  if (body) {
    options.method = "POST";
    options.headers = { "Content-Type": "application/json", "X-Annotate": "1" };
    options.body = JSON.stringify(body);
  }
  try {
    const response = await fetch(path, options);
    found(response.status < 500);
    return response;
  } catch (error) {
    if (!signal?.aborted) found(false);
    throw error;
  }
}

async function json(path, options) {
  const response = await ask(path, { ...options });
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Refusal(response.status, body);
  return body;
}

async function blob(path, options) {
  const response = await ask(path, options);
  if (!response.ok) throw new Refusal(response.status, await response.json().catch(() => null));
  return response.blob();
}

export const framePath = (number, frame) => `api/clips/${number}/frames/${frame}.jpg`;
export const mediaPath = (number) => `api/clips/${number}/media`;
export const loadState = () => json("api/state", { headers: { "Cache-Control": "no-cache" } });
export const loadAnswer = (number) => json(`api/clips/${number}/answer`);
export const saveAnswer = (number, body) => json(`api/clips/${number}/answer`, { body });
export const loadFrame = (number, frame) => blob(framePath(number, frame));
export const loadMap = (body, signal) => blob("api/map", { body, signal });

// The server makes a clip's film when it is first asked for: ask early for two bytes of it.
export function warmMedia(number) {
  ask(mediaPath(number), { headers: { Range: "bytes=0-1" } }).catch(() => {});
}
