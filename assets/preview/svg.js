// Drawing by hand: elements, scales, axes.

function make(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// A function from values to pixels; `back` is its inverse.
function scale([from, to], [start, end]) {
  const place = (value) => start + ((value - from) / (to - from)) * (end - start);
  place.back = (pixel) => from + ((pixel - start) / (end - start)) * (to - from);
  return place;
}

// Round numbers within a range, about `count` of them.
function ticks(from, to, count) {
  const raw = (to - from) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((base) => base * power).find((each) => each >= raw * 0.999);
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, k) => +((first + k) * step).toPrecision(12));
}

// A path through points; null lifts the pen.
function line(points) {
  let pen = "M";
  return points.map((point) => {
    if (!point) { pen = "M"; return ""; }
    const piece = `${pen}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
    pen = "L";
    return piece;
  }).join("");
}

// Dots as strokes of no length: one element for thousands of them.
function dots(points) {
  return points.map(([x, y]) => `M${x.toFixed(1)} ${y.toFixed(1)}h.01`).join("");
}

function label(x, y, text, attributes = {}) {
  return make("text", { x, y, ...attributes }, text);
}

function signed(value, digits = 0) {
  const text = Math.abs(value).toFixed(digits);
  return (Number(text) === 0 ? "" : value > 0 ? "+" : "−") + text;
}

// Clear a drawing and give it the size that it has on the page.
function canvas(svg, height = svg.clientHeight) {
  const width = Math.max(200, svg.clientWidth);
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  if (height !== svg.clientHeight) svg.setAttribute("height", height);
  return { width, height };
}
