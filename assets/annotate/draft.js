// The answer that is being made: its points, what is chosen, and every step back.

const CENT = 100; // points are kept to a hundredth of a pixel
const STEPS = 500;

export class Draft {
  // `base` is the revision that it stands on; null: the answer of the clip that is still being sent.
  constructor(clip, { base, answer, frame }) {
    Object.assign(this, { clip, base, frame, chosen: -1, before: [], after: [] });
    const kind = answer?.kind === "points" ? null : (answer?.kind ?? null);
    this.now = { kind, points: answer?.points ?? [] };
    this.note = answer?.note ?? "";
    this.origin = JSON.stringify([this.now, this.note]);
  }

  get points() { return this.now.points; }

  get kind() { return this.now.kind ?? (this.points.length ? "points" : null); }

  get changed() { return JSON.stringify([this.now, this.note]) !== this.origin; }

  // What is saved; null where nothing is answered yet.
  get content() {
    const { kind, frame, points, note } = this;
    return kind && { kind, frame, points: points.map((point) => [...point]), note };
  }

  step(next) {
    this.before.push(this.now);
    if (this.before.length > STEPS) this.before.shift();
    this.after = [];
    this.now = { ...this.now, ...next };
  }

  // A point answers the question, unless one is unsure of it.
  pointKind() { return this.now.kind === "unsure" ? "unsure" : null; }

  add(point) {
    this.step({ kind: this.pointKind(), points: [...this.points, this.within(point)] });
    this.chosen = this.points.length - 1;
  }

  // Several moves may be one step, as a drag is: only the first is new.
  move(index, point, isNew = true) {
    const points = this.points.map((each, k) => (k === index ? this.within(point) : each));
    if (isNew) this.step({ points });
    else this.now = { ...this.now, points };
    this.chosen = index;
  }

  remove(index) {
    this.step({ points: this.points.filter((_, k) => k !== index) });
    this.chosen = Math.min(index, this.points.length - 1);
  }

  setPoints(points) {
    this.step({ kind: this.pointKind(), points: points.map((point) => this.within(point)) });
    this.chosen = this.points.length - 1;
  }

  // Choosing the same once more takes it back.
  choose(kind) {
    if (this.now.kind === kind) this.step({ kind: null });
    else this.step({ kind, points: kind === "unsure" ? this.points : [] });
    this.chosen = Math.min(this.chosen, this.points.length - 1);
  }

  undo() { return this.travel(this.before, this.after); }

  redo() { return this.travel(this.after, this.before); }

  travel(from, to) {
    if (!from.length) return false;
    to.push(this.now);
    this.now = from.pop();
    this.chosen = Math.min(this.chosen, this.points.length - 1);
    return true;
  }

  within([x, y]) {
    const keep = (value, size) => Math.round(CENT * Math.min(size, Math.max(0, value))) / CENT;
    return [keep(x, this.clip.width), keep(y, this.clip.height)];
  }
}
