// Two answers to one clip: both are drawn, and a person chooses.

import { drawPoints } from "./stage.js";

const SAME_PX = 2; // points so near mean the same when both answers are merged
const WIDTH = 560;

export const WORDS = {
  points: "points", nothing: "nothing visible sounds", left: "off screen, left", right: "off screen, right",
  behind: "off screen, behind", unsure: "unsure",
};

export function describe({ kind, points, note }) {
  const counted = points.length ? `${points.length} ${points.length === 1 ? "point" : "points"}` : "";
  const name = kind === "points" ? counted : [WORDS[kind], counted].filter(Boolean).join(", ");
  return note ? `${name}; ${note}` : name;
}

// Both answers' points; null where they can't stand beside each other.
export function merge(mine, theirs) {
  const holdsPoints = ({ kind }) => kind === "points" || kind === "unsure";
  if (!holdsPoints(mine) || !holdsPoints(theirs) || mine.frame !== theirs.frame) return null;
  const apart = (point) => theirs.points.every(([x, y]) => Math.hypot(point[0] - x, point[1] - y) > SAME_PX);
  const kind = [mine.kind, theirs.kind].includes("unsure") ? "unsure" : "points";
  const notes = [...new Set([theirs.note, mine.note].filter(Boolean))];
  const points = [...theirs.points, ...mine.points.filter(apart)];
  return { kind, frame: mine.frame, points, note: notes.join("; ").slice(0, 2000) };
}

export class ConflictDialog {
  // `loadFrame(clip, frame)` gives the picture; `onChoice(entry, content)` takes null for theirs.
  constructor(dialog, loadFrame, onChoice) {
    Object.assign(this, { dialog, loadFrame, onChoice, entry: null });
    dialog.addEventListener("click", (event) => this.choose(event.target.closest("button")?.dataset.choice));
    dialog.addEventListener("keydown", (event) => {
      const choice = { 1: "mine", 2: "theirs", 3: "both" }[event.key];
      if (choice) this.choose(choice);
    });
  }

  open(entry, clip) {
    const theirs = { note: "", ...entry.conflict };
    this.entry = entry;
    this.versions = { mine: entry.content, theirs, both: merge(entry.content, theirs) };
    const when = theirs.saved_at ? ` at ${new Date(theirs.saved_at).toLocaleTimeString()}` : "";
    const text = `${clip.id}: saved in another window${when}, after you had opened it here.`;
    this.dialog.querySelector("#conflict-text").textContent = text;
    for (const [name, version] of Object.entries(this.versions)) this.draw(name, version, clip);
    if (!this.dialog.open) this.dialog.showModal();
  }

  async draw(name, version, clip) {
    const find = (selector) => this.dialog.querySelector(selector);
    find(`[data-choice="${name}"]`).disabled = !version;
    find(`#${name}-text`).textContent = version ? describe(version) : "these two can't be merged";
    const canvas = find(`#${name}`);
    Object.assign(canvas, { width: WIDTH, height: Math.round((WIDTH * clip.height) / clip.width) });
    canvas.setAttribute("aria-label", version ? describe(version) : "");
    canvas.setAttribute("role", "img");
    if (!version) return;
    const image = await this.loadFrame(clip, version.frame).catch(() => null);
    const context = canvas.getContext("2d");
    if (image) context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const scale = WIDTH / clip.width;
    drawPoints(context, version.points.map(([x, y]) => [scale * x, scale * y]));
  }

  choose(name) {
    if (!name || !this.dialog.open) return;
    const content = this.versions[name];
    if (!content) return;
    this.dialog.close();
    this.onChoice(this.entry, name === "theirs" ? null : content);
  }
}
