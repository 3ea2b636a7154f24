// The frame, its map and its points on a canvas, and what a pointer does there.
//
//   mouse    press puts a point and drags it while held; on a point: chooses and drags it
//   touch    a tap does the same; one finger on the picture pans, two zoom
//   middle button, or Space held: pan; wheel: zoom at the cursor; right button on a point: delete

import { View } from "./view.js";

const NEAR_PX = { mouse: 10, pen: 14, touch: 24 };
const STILL_PX = 8; // a finger that moves less has tapped
const OUTSIDE_PX = 6; // a press so little beside the image means its border
const RADIUS_PX = 7;
const CRISP = 3; // from this scale on, the image's pixels are seen as squares

export class Stage {
  // `events`: canEdit(), refused(), add(point), move(index, point, isNew), remove(index), choose(index), seen()
  constructor(canvas, events) {
    Object.assign(this, { canvas, events, image: null, heat: null, points: [], chosen: -1, faint: false });
    Object.assign(this, { view: new View(), pointers: new Map(), drag: null, spaceHeld: false, cursor: null });
    this.context = canvas.getContext("2d");
    new ResizeObserver(() => this.resize()).observe(canvas);
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.moved(event));
    canvas.addEventListener("pointerup", (event) => this.up(event));
    canvas.addEventListener("pointercancel", (event) => this.up(event, true));
    canvas.addEventListener("pointerleave", () => { this.cursor = null; });
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("contextmenu", (event) => this.menu(event));
    // The middle button would scroll.
    canvas.addEventListener("mousedown", (event) => { if (event.button === 1) event.preventDefault(); });
  }

  // ---------------------------------------------------------------- drawing

  resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    this.view.setWindow(width, height);
    this.canvas.width = Math.round(width * devicePixelRatio);
    this.canvas.height = Math.round(height * devicePixelRatio);
    this.paint();
  }

  show(image, size) {
    this.image = image;
    this.view.setImage(...size);
  }

  paint() {
    const { context, view, canvas } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (this.image) {
      const dots = canvas.width / view.window[0];
      context.setTransform(dots * view.scale, 0, 0, dots * view.scale, dots * view.x, dots * view.y);
      context.imageSmoothingEnabled = view.scale < CRISP;
      context.drawImage(this.image, 0, 0, ...view.size);
      if (this.heat) context.drawImage(this.heat, 0, 0, ...view.size);
      context.setTransform(dots, 0, 0, dots, 0, 0);
      drawPoints(context, this.points.map((point) => view.toScreen(point)), this.chosen, this.faint);
    }
    this.events.seen();
  }

  // ---------------------------------------------------------------- pointers

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  hit(place, kind) {
    const distances = this.points.map((point) => distance(this.view.toScreen(point), place));
    const nearest = Math.min(...distances);
    return nearest <= (NEAR_PX[kind] ?? NEAR_PX.mouse) ? distances.indexOf(nearest) : -1;
  }

  inside(place) {
    const [x, y] = this.view.toImage(place);
    const margin = OUTSIDE_PX / this.view.scale;
    const [width, height] = this.view.size;
    return x >= -margin && y >= -margin && x <= width + margin && y <= height + margin;
  }

  down(event) {
    this.canvas.focus({ preventScroll: true });
    if (event.isTrusted) this.canvas.setPointerCapture(event.pointerId);
    const place = this.place(event);
    this.pointers.set(event.pointerId, place);
    if (this.pointers.size === 2) return this.pinch();
    if (this.pointers.size > 2) return undefined;
    if (event.button === 1 || (event.button === 0 && this.spaceHeld)) this.drag = { kind: "pan", place };
    else if (event.button === 0) this.press(place, event.pointerType);
    return undefined;
  }

  press(place, pointer) {
    const index = this.hit(place, pointer);
    if (!this.events.canEdit()) {
      this.drag = pointer === "touch" ? { kind: "tap", place, start: place, index: -1 } : null;
      if (pointer !== "touch") this.events.refused();
    } else if (index >= 0) {
      this.events.choose(index);
      // The point stays under the finger as it was grasped, not by its middle.
      const [x, y] = this.view.toScreen(this.points[index]);
      this.drag = { kind: "point", index, start: place, grasp: [x - place[0], y - place[1]], moved: false };
    } else if (pointer === "touch") this.drag = { kind: "tap", place, start: place };
    else this.put(place);
  }

  put(place) {
    if (!this.inside(place)) return;
    this.events.add(this.view.toImage(place));
    const index = this.points.length - 1;
    // It was put by this very step: dragging it on makes no other one.
    this.drag = { kind: "point", index, start: place, grasp: [0, 0], moved: true };
  }

  pinch() {
    this.drag = { kind: "pinch", ...this.fingers() };
  }

  fingers() {
    const [a, b] = [...this.pointers.values()];
    return { place: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], span: Math.max(1, distance(a, b)) };
  }

  moved(event) {
    const place = this.place(event);
    this.cursor = place;
    if (!this.pointers.has(event.pointerId) || !this.drag) return;
    this.pointers.set(event.pointerId, place);
    const { drag } = this;
    if (drag.kind === "point") this.dragPoint(place);
    else if (drag.kind === "pinch") this.dragPinch();
    else if (drag.kind === "pan" || distance(place, drag.start) > STILL_PX) this.dragPan(place);
  }

  dragPoint(place) {
    const { drag } = this;
    if (!drag.moved && distance(place, drag.start) < 2) return; // a click is no drag
    const target = [place[0] + drag.grasp[0], place[1] + drag.grasp[1]];
    this.events.move(drag.index, this.view.toImage(target), !drag.moved);
    drag.moved = true;
  }

  dragPan(place) {
    this.drag.kind = "pan";
    this.panned = true;
    this.view.pan(place[0] - this.drag.place[0], place[1] - this.drag.place[1]);
    this.drag.place = place;
    this.paint();
  }

  dragPinch() {
    const now = this.fingers();
    this.view.pan(now.place[0] - this.drag.place[0], now.place[1] - this.drag.place[1]);
    this.view.zoom(now.span / this.drag.span, now.place);
    Object.assign(this.drag, now);
    this.paint();
  }

  up(event, cancelled = false) {
    const { drag } = this;
    this.pointers.delete(event.pointerId);
    // The finger that is left of a pinch does nothing until it is lifted.
    this.drag = null;
    if (cancelled || drag?.kind !== "tap") return;
    if (this.events.canEdit()) {
      this.put(drag.start);
      this.drag = null;
    } else this.events.refused();
  }

  wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 30 : 1;
    this.zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002)), this.place(event));
  }

  menu(event) {
    event.preventDefault();
    const index = this.hit(this.place(event), event.pointerType);
    if (index < 0) return;
    if (this.events.canEdit()) this.events.remove(index);
    else this.events.refused();
  }

  // ---------------------------------------------------------------- from keys

  zoom(factor, place = this.cursor ?? this.focusPlace()) {
    this.view.zoom(factor, place);
    this.paint();
  }

  focusPlace() {
    const { window } = this.view;
    return this.chosen >= 0 ? this.view.toScreen(this.points[this.chosen]) : [window[0] / 2, window[1] / 2];
  }

  pan(right, down) {
    this.view.pan(right, down);
    this.paint();
  }

  fit() {
    this.view.fit();
    this.paint();
  }

  // The image's point in the middle of what is seen.
  middle() {
    const { window } = this.view;
    return this.view.toImage([window[0] / 2, window[1] / 2]);
  }
}

const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

// Rings with a cross of one dot: what lies under a point stays to be seen.
export function drawPoints(context, places, chosen = -1, faint = false) {
  context.globalAlpha = faint ? 0.45 : 1;
  places.forEach(([x, y], k) => {
    const reach = k === chosen ? RADIUS_PX + 2 : RADIUS_PX;
    for (const [color, width] of [["#000c", 4], [k === chosen ? "#ffe066" : "#fff", 2]]) {
      context.strokeStyle = color;
      context.lineWidth = width;
      context.setLineDash(faint ? [3, 3] : []);
      context.beginPath();
      context.arc(x, y, reach, 0, 2 * Math.PI);
      context.stroke();
    }
    context.fillStyle = k === chosen ? "#ffe066" : "#fff";
    context.fillRect(x - 1, y - 1, 2, 2);
  });
  context.setLineDash([]);
  context.globalAlpha = 1;
}
