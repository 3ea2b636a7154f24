// Answers on their way to the server: kept in the browser until it has them on disk.
//
//   put ──> waiting ──send──> saved            the server has it: forgotten here
//             ^   │──────────> conflict ──resolve──> waiting, on top of the other answer
//             │   │──────────> refused          it can't ever be saved so
//             └───┘ no server: again, later
//
// Each answer has a key; the server saves a key once, so sending twice does no harm. An answer whose
// `base` is null stands on the one of the same clip that is sent before it.

import { Refusal } from "./api.js";
import { newKey } from "./shelf.js";

const SHORTEST_MS = 500;
const LONGEST_MS = 8000;
const HOPELESS = [400, 413, 415, 422];

export class Outbox {
  constructor(shelf, send, events) {
    Object.assign(this, { shelf, send, events, delay: SHORTEST_MS, busy: false, timer: 0 });
    this.entries = shelf.names("outbox:").map((name) => shelf.get(name)).filter(Boolean)
      .sort((a, b) => a.order - b.order);
  }

  get waiting() { return this.entries.filter((entry) => !entry.conflict); }

  get conflicts() { return this.entries.filter((entry) => entry.conflict); }

  // Answers that a closed page would lose.
  get volatile() { return this.entries.some((entry) => entry.volatile); }

  of(clip) { return this.entries.filter((entry) => entry.clip === clip); }

  // The answer that this browser last gave to a clip and that the server does not have yet.
  latest(clip) { return this.of(clip).at(-1)?.content ?? null; }

  put(clip, base, content) {
    const last = this.of(clip).at(-1);
    if (last && (last.conflict || !last.tried)) last.content = content;
    else {
      const order = Math.max(Date.now(), (this.entries.at(-1)?.order ?? 0) + 1);
      this.entries.push({ key: newKey(), order, clip, base: last ? null : base, content, tried: false });
    }
    this.keep(this.of(clip).at(-1));
    this.events.changed();
    this.flush();
  }

  keep(entry) {
    entry.volatile = !this.shelf.set(`outbox:${entry.key}`, entry);
  }

  forget(entry) {
    this.entries = this.entries.filter((each) => each !== entry);
    this.shelf.remove(`outbox:${entry.key}`);
  }

  // First of each clip only: a later one stands on it.
  ready() {
    return this.waiting.find((entry) => this.of(entry.clip)[0] === entry);
  }

  async flush() {
    if (this.busy) return;
    this.busy = true;
    clearTimeout(this.timer);
    try {
      for (let entry = this.ready(); entry; entry = this.ready()) await this.deliver(entry);
      this.delay = SHORTEST_MS;
    } catch {
      this.timer = setTimeout(() => this.flush(), this.delay);
      this.delay = Math.min(LONGEST_MS, 2 * this.delay);
    }
    this.busy = false;
    this.events.changed();
  }

  async deliver(entry) {
    entry.tried = true;
    this.keep(entry);
    this.events.changed();
    try {
      this.done(entry, await this.send(entry));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.status === 409) this.collide(entry, error.body.current);
      else if (HOPELESS.includes(error.status)) this.refuse(entry, error.message);
      else throw error;
    }
  }

  done(entry, answer) {
    this.forget(entry);
    const next = this.of(entry.clip)[0];
    if (next) {
      next.base = answer.revision;
      this.keep(next);
    }
    this.events.saved(entry, answer);
  }

  refuse(entry, message) {
    const all = this.of(entry.clip);
    const { content } = all.at(-1);
    all.forEach((each) => this.forget(each));
    this.events.refused({ ...entry, content }, message);
  }

  collide(entry, current) {
    const all = this.of(entry.clip);
    entry.content = all.at(-1).content;
    all.slice(1).forEach((each) => this.forget(each));
    if (sameContent(entry.content, current)) return this.done(entry, current);
    entry.conflict = current;
    this.keep(entry);
    return this.events.conflict(entry);
  }

  // Settle a conflict: with content it is saved on top of the other answer, with none it is given up.
  resolve(entry, content) {
    this.forget(entry);
    if (!content) this.events.changed();
    else this.put(entry.clip, entry.conflict.revision, content);
  }
}

export function sameContent(a, b) {
  const rounded = ({ points }) => points.map((point) => point.map((value) => value.toFixed(2)));
  const plain = (each) => JSON.stringify([each.kind, each.frame, each.note ?? "", rounded(each)]);
  return plain(a) === plain(b);
}
