// The localization map over the frame. The server makes it by the code of the export; here it is colored.

import { loadMap } from "./api.js";

const PAUSE_MS = 30;
const STOPS = [[20, 11, 53], [101, 21, 110], [188, 55, 84], [237, 105, 37], [251, 180, 26], [252, 255, 164]];

export class Heat {
  constructor(onReady) {
    Object.assign(this, { onReady, image: null, gray: null, wanted: null, aborter: null, timer: 0, of: "" });
  }

  // A map of another clip must not be seen for a moment.
  clear() {
    clearTimeout(this.timer);
    this.aborter?.abort();
    Object.assign(this, { image: null, gray: null, wanted: null, aborter: null, of: "" });
  }

  request(body) {
    const name = JSON.stringify(body);
    if (name === this.of || name === this.wanted?.name) return;
    if (!body.points.length) return this.clear();
    this.wanted = { body, name };
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fetch(), PAUSE_MS);
  }

  // One request at a time: while a point is dragged, maps follow as fast as the server makes them.
  async fetch() {
    if (this.aborter || !this.wanted) return;
    const { body, name } = this.wanted;
    const aborter = new AbortController();
    this.aborter = aborter;
    try {
      const image = await createImageBitmap(await loadMap(body, aborter.signal), { colorSpaceConversion: "none" });
      if (!aborter.signal.aborted) this.show(image, name);
    } catch { /* no map is no harm: the next change asks again */ }
    if (this.aborter !== aborter) return;
    this.aborter = null;
    if (this.wanted?.name === name) this.wanted = null;
    else this.fetch();
  }

  show(image, name) {
    this.gray = image;
    this.image = color(image);
    this.of = name;
    this.onReady();
  }
}

// Colors as words of four bytes: a map of a large frame has two million pixels.
const table = new Uint32Array(Uint8Array.from(Array.from({ length: 256 }, (_, value) => {
  const place = (value / 255) * (STOPS.length - 1);
  const k = Math.min(STOPS.length - 2, Math.floor(place));
  const mixed = STOPS[k].map((from, c) => Math.round(from + (place - k) * (STOPS[k + 1][c] - from)));
  return [...mixed, Math.round(205 * (value / 255) ** 0.6)];
}).flat()).buffer);

function color(gray) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: gray.width, height: gray.height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(gray, 0, 0);
  const pixels = context.getImageData(0, 0, gray.width, gray.height);
  const words = new Uint32Array(pixels.data.buffer);
  for (let k = 0; k < words.length; k += 1) words[k] = table[pixels.data[4 * k]];
  context.putImageData(pixels, 0, 0);
  return canvas;
}
