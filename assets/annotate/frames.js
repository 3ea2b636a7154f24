// Decoded frames, kept for a while, so that the next clip's is there before it is asked for.

import { loadFrame } from "./api.js";

const KEPT = 24;

export class Frames {
  constructor() {
    this.held = new Map();
  }

  // The frame if it is decoded already.
  get(number, frame) {
    return this.held.get(`${number}/${frame}`)?.image ?? null;
  }

  load(number, frame) {
    const name = `${number}/${frame}`;
    const entry = this.held.get(name) ?? this.begin(name, number, frame);
    this.held.delete(name); // to the end: what was used last goes last
    this.held.set(name, entry);
    while (this.held.size > KEPT) this.held.delete(this.held.keys().next().value);
    return entry.promise;
  }

  begin(name, number, frame) {
    const entry = { image: null };
    entry.promise = loadFrame(number, frame).then(createImageBitmap).then(
      (image) => { entry.image = image; return image; },
      (error) => { this.held.delete(name); throw error; },
    );
    entry.promise.catch(() => {}); // who waits for it is told; a preload is not waited for
    return entry;
  }
}
