// The room from above: x to the right, the front (-z) up.

const MARGIN_PX = 8;
const RULER_PX = 14;
const SAME_STAY_M = 0.3; // farther between two frames is a jump to another position

class RoomMap {
  constructor(svg) {
    this.svg = svg;
  }

  draw(drawing, silent) {
    const map = drawing.map;
    const { width, height } = canvas(this.svg);
    this.map = map;
    const [lower, upper] = extent([...map.polygon, ...map.path, ...map.sources]);
    const zoom = Math.min(
      (width - 2 * MARGIN_PX) / (upper[0] - lower[0]),
      (height - 2 * MARGIN_PX - RULER_PX) / (upper[1] - lower[1]),
    );
    const left = (width - zoom * (upper[0] - lower[0])) / 2;
    const top = (height - RULER_PX - zoom * (upper[1] - lower[1])) / 2;
    this.at = ([x, z]) => [left + zoom * (x - lower[0]), top + zoom * (z - lower[1])];
    this.reach = Math.min(1.2 * zoom, 60);

    this.home(map);
    this.way(map.path);
    this.sight = make("path", { class: "sight" });
    this.view = make("path", { class: "view" });
    this.here = make("circle", { class: "here", r: 4.5 });
    this.svg.append(this.view, this.sight);
    map.sources.forEach((source, k) => {
      const [x, y] = this.at(source);
      const name = silent.includes(k) ? "source silent" : "source";
      this.svg.append(make("circle", { class: name, cx: x, cy: y, r: 6 }));
    });
    this.svg.append(this.here);
    this.ruler(zoom, width, height);
    this.move(0);
  }

  home({ polygon, boxes }) {
    if (polygon.length) {
      const points = polygon.map((corner) => this.at(corner).join()).join(" ");
      this.svg.append(make("polygon", { class: "room", points }));
    }
    for (const [lower, upper] of boxes) {
      const [x, y] = this.at(lower);
      const [right, bottom] = this.at(upper);
      this.svg.append(make("rect", { class: "thing", x, y, width: right - x, height: bottom - y, rx: 1 }));
    }
  }

  way(path) {
    const stays = [[]];
    path.forEach((point, k) => {
      const before = path[k - 1];
      if (before && Math.hypot(point[0] - before[0], point[1] - before[1]) > SAME_STAY_M) stays.push([]);
      stays[stays.length - 1].push(this.at(point));
    });
    this.svg.append(make("path", { class: "jump", d: line(stays.flatMap((stay) => [stay[0], stay[stay.length - 1]])) }));
    stays.forEach((stay, k) => {
      const [x, y] = stay[0];
      this.svg.append(
        make("path", { class: "way", d: line([...stay, stay[stay.length - 1]]) }),
        make("circle", { class: "stay", cx: x, cy: y, r: 7 }),
        label(x, y + 3.5, k + 1, { "text-anchor": "middle", class: "strong" }),
      );
    });
  }

  ruler(zoom, width, height) {
    const meters = zoom > 90 ? 0.5 : zoom > 25 ? 1 : 5;
    const y = height - 5;
    const right = width - 8;
    this.svg.append(
      make("path", { class: "zero", d: `M${right - meters * zoom} ${y - 5}v5H${right}v-5` }),
      label(right - meters * zoom - 6, y, `${meters} m`, { "text-anchor": "end" }),
    );
  }

  move(frame) {
    const { path, heading_deg: headings, sources, fov_deg: fov } = this.map;
    const [x, y] = this.at(path[frame]);
    this.here.setAttribute("cx", x);
    this.here.setAttribute("cy", y);
    this.sight.setAttribute("d", line(sources.flatMap((source) => [[x, y], this.at(source), null])));
    const turned = (offset) => ((headings[frame] + offset) * Math.PI) / 180;
    const rim = (offset) => [
      x - this.reach * Math.sin(turned(offset)), y - this.reach * Math.cos(turned(offset)),
    ];
    const [a, b] = [rim(fov / 2), rim(-fov / 2)];
    const wide = fov > 180 ? 1 : 0;
    this.view.setAttribute("d", fov >= 360 ? "" :
      `M${x} ${y}L${a.join(" ")}A${this.reach} ${this.reach} 0 ${wide} 1 ${b.join(" ")}Z`);
  }
}

function extent(points) {
  const range = (axis, pick) => pick(...points.map((point) => point[axis]));
  const lower = [range(0, Math.min), range(1, Math.min)];
  const upper = [range(0, Math.max), range(1, Math.max)];
  // A clip without a room may have no width at all.
  return [lower.map((value) => value - 0.1), upper.map((value) => value + 0.1)];
}
