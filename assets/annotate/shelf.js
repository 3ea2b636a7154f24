// What the browser keeps for one data base and one annotator: drafts, unsent answers, settings.

const FULL = "this browser keeps nothing more: save before you close the page";

export class Shelf {
  constructor(store, annotator, onTrouble = () => {}) {
    this.prefix = `annotate:${JSON.stringify([store, annotator])}:`;
    this.onTrouble = onTrouble;
  }

  get(name) {
    try {
      return JSON.parse(localStorage.getItem(this.prefix + name));
    } catch {
      return null; // damaged, or the browser keeps nothing
    }
  }

  // Whether it is kept.
  set(name, value) {
    try {
      localStorage.setItem(this.prefix + name, JSON.stringify(value));
      return true;
    } catch {
      this.onTrouble(FULL);
      return false;
    }
  }

  remove(name) {
    try {
      localStorage.removeItem(this.prefix + name);
    } catch { /* what can't be kept can't be removed */ }
  }

  // Names that begin so.
  names(beginning) {
    try {
      return Object.keys(localStorage)
        .filter((key) => key.startsWith(this.prefix + beginning))
        .map((key) => key.slice(this.prefix.length));
    } catch {
      return [];
    }
  }
}

// crypto.randomUUID is there on secure pages only, and a page from another machine is none.
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
