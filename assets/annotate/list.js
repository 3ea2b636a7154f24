// The clips, in the order in which they are asked for.

const MARKS = { todo: "·", done: "✓", unsure: "?", problem: "!" };
const WORDS = { todo: "to do", done: "done", unsure: "unsure", problem: "can't be shown" };

const FILTERS = {
  all: () => true,
  todo: (clip) => clip.status === "todo",
  done: (clip) => clip.status === "done",
  unsure: (clip) => clip.status === "unsure",
  mine: (clip) => clip.mine,
};

export class ClipList {
  constructor(element, chips, shown, onChoose) {
    Object.assign(this, { element, chips, shown, filter: "all", clips: [], rows: new Map(), current: null });
    element.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) onChoose(this.clips[button.dataset.at]);
    });
    chips.addEventListener("click", (event) => {
      if (event.target.dataset.filter) this.setFilter(event.target.dataset.filter);
    });
  }

  setClips(clips) {
    this.clips = clips;
    this.draw();
  }

  setFilter(name) {
    this.filter = name;
    for (const chip of this.chips.children) chip.setAttribute("aria-pressed", chip.dataset.filter === name);
    this.draw();
  }

  nextFilter() {
    const names = Object.keys(FILTERS);
    this.setFilter(names[(names.indexOf(this.filter) + 1) % names.length]);
    return this.filter;
  }

  draw() {
    this.rows.clear();
    const seen = this.clips.filter(FILTERS[this.filter]);
    this.element.replaceChildren(...seen.map((clip) => this.row(clip)));
    this.shown.textContent = `${seen.length} of ${this.clips.length} clips`;
    this.mark(this.current);
  }

  row(clip) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const parts = ["nr", "id", "mark"].map((name) => {
      const part = document.createElement("span");
      part.className = name;
      return part;
    });
    parts[0].textContent = clip.at + 1;
    parts[1].textContent = clip.id;
    button.dataset.at = clip.at;
    button.append(...parts);
    item.append(button);
    this.rows.set(clip, button);
    this.refresh(clip);
    return item;
  }

  // A row changes with its clip; it leaves a filtered list only when the list is drawn again, lest
  // it jump away under the hand.
  refresh(clip) {
    const button = this.rows.get(clip);
    if (!button) return;
    button.dataset.status = clip.status;
    button.toggleAttribute("data-waiting", Boolean(clip.waiting));
    button.lastChild.textContent = clip.waiting ? "↑" : MARKS[clip.status];
    button.title = clip.problem || `${clip.id}: ${WORDS[clip.status]}`;
    button.setAttribute("aria-label", `Clip ${clip.at + 1}, ${clip.id}, ${WORDS[clip.status]}`);
  }

  mark(clip) {
    this.rows.get(this.current)?.removeAttribute("aria-current");
    this.current = clip;
    const button = this.rows.get(clip);
    button?.setAttribute("aria-current", "true");
    button?.scrollIntoView({ block: "nearest" });
  }

  // The clip before or after in what the list shows.
  neighbor(clip, step) {
    const shown = this.clips.filter((each) => each === clip || FILTERS[this.filter](each));
    for (let at = shown.indexOf(clip) + step; shown[at]; at += step) {
      if (!shown[at].problem) return shown[at];
    }
    return null;
  }

  // The clip with that number, that name, or a name that holds the text.
  find(text) {
    const words = text.trim().toLowerCase();
    if (!words) return null;
    const named = (test) => this.clips.find((clip) => !clip.problem && test(clip.id.toLowerCase()));
    const exact = named((id) => id === words);
    const numbered = /^\d+$/.test(words) && this.clips[Number(words) - 1];
    return exact ?? (numbered && !numbered.problem ? numbered : null) ?? named((id) => id.includes(words)) ?? null;
  }
}
