// Where the image lies on the screen: screen = scale * image + offset.
//
// The image's pixel i has its center at i + 0.5, so its left border is 0 and its right one its width.

const MOST = 40; // screen pixels of an image pixel
const MARGIN = 40; // screen pixels of the image that stay in sight

export class View {
  constructor() {
    Object.assign(this, { scale: 1, x: 0, y: 0, fitted: true, window: [1, 1], size: [1, 1] });
  }

  // The image's size in its own pixels.
  setImage(width, height) {
    const same = this.size[0] === width && this.size[1] === height;
    this.size = [width, height];
    if (!same) this.fit();
  }

  setWindow(width, height) {
    const middle = this.toImage([this.window[0] / 2, this.window[1] / 2]);
    this.window = [Math.max(1, width), Math.max(1, height)];
    if (this.fitted) this.fit();
    else this.center(middle);
  }

  get least() {
    return Math.min(this.window[0] / this.size[0], this.window[1] / this.size[1]);
  }

  fit() {
    this.scale = this.least;
    this.fitted = true;
    this.center([this.size[0] / 2, this.size[1] / 2]);
  }

  center(point) {
    this.x = this.window[0] / 2 - this.scale * point[0];
    this.y = this.window[1] / 2 - this.scale * point[1];
  }

  // The image's point under `place` stays there.
  zoom(factor, place) {
    const point = this.toImage(place);
    this.scale = Math.min(Math.max(MOST, this.least), Math.max(this.least, this.scale * factor));
    this.fitted = this.scale === this.least;
    if (this.fitted) return this.fit();
    this.x = place[0] - this.scale * point[0];
    this.y = place[1] - this.scale * point[1];
    return this.pan(0, 0);
  }

  pan(right, down) {
    const keep = (offset, window, size) =>
      Math.min(window - MARGIN, Math.max(MARGIN - size * this.scale, offset));
    this.x = keep(this.x + right, this.window[0], this.size[0]);
    this.y = keep(this.y + down, this.window[1], this.size[1]);
    if (right || down) this.fitted = false;
  }

  toImage([x, y]) {
    return [(x - this.x) / this.scale, (y - this.y) / this.scale];
  }

  toScreen([x, y]) {
    return [this.scale * x + this.x, this.scale * y + this.y];
  }
}
