// Sound, level difference and time difference over time, with what geometry says of them.
//
//   level of both ears   left upwards, right downwards
//   ILD, ITD             dots: measured in the sound, faint where it is soft; dashes: of the direct sound in `rir`;
//                        line: true azimuth, on the axis to the right
//
// Everything points up for left. A click seeks.

const EDGE = { left: 52, right: 44 };
const STRIPS = { wave: 42, ild: 104, itd: 104, gap: 12, axis: 20, top: 8 };

class Timeline {
  constructor(svg, onSeek) {
    this.svg = svg;
    this.onSeek = onSeek;
    const seek = (event) => {
      const x = event.clientX - svg.getBoundingClientRect().left;
      onSeek(Math.min(this.duration, Math.max(0, this.time.back(x))));
    };
    svg.addEventListener("pointerdown", (event) => {
      if (event.button || !this.time) return;
      svg.setPointerCapture(event.pointerId);
      seek(event);
    });
    svg.addEventListener("pointermove", (event) => {
      if (svg.hasPointerCapture(event.pointerId)) seek(event);
    });
  }

  draw(clip, drawing) {
    const heights = STRIPS.wave + STRIPS.ild + STRIPS.itd + 2 * STRIPS.gap;
    const height = STRIPS.top + heights + STRIPS.axis;
    const { width } = canvas(this.svg, height);
    this.duration = clip.duration_s;
    this.time = scale([0, clip.duration_s], [EDGE.left, width - EDGE.right]);
    this.bounds = [STRIPS.top, STRIPS.top + heights];

    let top = STRIPS.top;
    this.wave(drawing.waveform, top, STRIPS.wave);
    top += STRIPS.wave + STRIPS.gap;
    this.cues(drawing, top, STRIPS.ild, "ild_db", "ILD", "dB", 6);
    top += STRIPS.ild + STRIPS.gap;
    this.cues(drawing, top, STRIPS.itd, "itd_us", "ITD", "µs", 700);
    this.axis(top + STRIPS.itd, width);
    this.handovers(drawing);

    this.cursor = make("path", { class: "cursor", d: `M0 ${this.bounds[0]}V${this.bounds[1]}` });
    this.svg.append(this.cursor);
    this.svg.setAttribute("aria-valuemin", 0);
    this.svg.setAttribute("aria-valuemax", clip.duration_s);
    this.move(0);
  }

  wave([left, right], top, height) {
    const middle = top + height / 2;
    const side = (peaks, sign, name) => {
      const x = (k) => this.time((k / peaks.length) * this.duration);
      const steps = peaks.map((peak, k) =>
        `V${(middle - (sign * peak * height) / 200).toFixed(1)}H${x(k + 1).toFixed(1)}`).join("");
      this.svg.append(make("path", { class: name, d: `M${x(0)} ${middle}${steps}V${middle}Z` }));
    };
    side(left, 1, "left");
    side(right, -1, "right");
    this.svg.append(
      label(EDGE.left - 8, middle - 7, "left", { "text-anchor": "end" }),
      label(EDGE.left - 8, middle + 15, "right", { "text-anchor": "end" }),
    );
  }

  cues(drawing, top, height, name, title, unit, least) {
    const { cues, truth, rirs } = drawing;
    const direct = rirs ? rirs[name].flat().filter((value) => value !== null) : [];
    const reach = Math.max(least, 1.12 * spread(cues[name]), 1.12 * Math.max(0, ...direct.map(Math.abs)));
    const y = scale([-reach, reach], [top + height, top]);
    this.frame(y, reach, top, height, title, unit);
    const within = (value) => Math.max(top, Math.min(top + height, y(value)));
    const points = (loud) => cues.times.flatMap((time, k) =>
      cues[name][k] === null || cues.loud[k] !== loud ? [] : [[this.time(time), within(cues[name][k])]]);
    this.svg.append(
      make("path", { class: "dots faint", d: dots(points(false)) }),
      make("path", { class: "dots", d: dots(points(true)) }),
    );
    if (rirs) this.steps(rirs, name, within);
    if (truth) this.azimuths(drawing, name, reach, within);
  }

  frame(y, reach, top, height, title, unit) {
    const right = this.time(this.duration);
    for (const tick of ticks(-reach, reach, 4)) {
      const name = tick === 0 ? "zero" : "grid";
      this.svg.append(
        make("path", { class: name, d: `M${EDGE.left} ${Math.round(y(tick)) + 0.5}H${right}` }),
        label(EDGE.left - 6, y(tick) + 4, signed(tick), { "text-anchor": "end" }),
      );
    }
    const middle = top + height / 2;
    this.svg.append(label(12, middle, `${title} (${unit})`, {
      class: "strong", "text-anchor": "middle", transform: `rotate(-90 12 ${middle})`,
    }));
  }

  steps(rirs, name, within) {
    for (let source = 0; source < rirs[name][0].length; source += 1) {
      const points = rirs[name].flatMap((values, k) => (values[source] === null ? [null] : [
        [this.time(rirs.times[k]), within(values[source])],
        [this.time(rirs.times[k + 1]), within(values[source])],
      ]));
      this.svg.append(make("path", { class: "direct", d: line(points) }));
    }
  }

  // The azimuth's own axis: for the ITD where a spherical head has it, else by its sine.
  azimuths({ truth, frame_times: times }, name, reach, within) {
    const ild = 0.9 * reach;
    const sine = (degrees) => Math.sin((degrees * Math.PI) / 180);
    const lateral = (degrees) => (255.1 * (Math.asin(sine(degrees)) + sine(degrees)));
    const place = (degrees) => within(name === "itd_us" ? lateral(degrees) : ild * sine(degrees));
    truth.azimuth_deg.forEach((azimuths, source) => {
      const level = (k) => (name === "itd_us" ? within(truth.itd_us[source][k]) : place(azimuths[k]));
      const points = azimuths.flatMap((azimuth, k) => {
        const point = [this.time(times[k]), level(k)];
        // The camera drifts or jumps: a jump is drawn upright, where it happens.
        const jumps = k && Math.abs(azimuth - azimuths[k - 1]) > 4;
        return jumps ? [[point[0], level(k - 1)], point] : [point];
      });
      points.push([this.time(this.duration), level(azimuths.length - 1)]);
      this.svg.append(make("path", { class: "truth", d: line(points) }));
    });
    const right = this.time(this.duration);
    for (const degrees of [-90, -45, 0, 45, 90]) {
      this.svg.append(label(right + 6, place(degrees) + 4, `${signed(degrees)}°`));
    }
  }

  axis(top, width) {
    for (const tick of ticks(0, this.duration, Math.min(20, width / 80))) {
      const x = this.time(tick);
      this.svg.append(
        make("path", { class: "grid", d: `M${x} ${top}v4` }),
        label(x, top + 16, `${tick} s`, { "text-anchor": "middle" }),
      );
    }
  }

  handovers({ rirs }) {
    if (!rirs || rirs.times.length > 60) return;
    for (const time of rirs.times.slice(1, -1)) {
      const x = this.time(time);
      this.svg.append(make("path", { class: "handover", d: `M${x} ${this.bounds[0]}V${this.bounds[1]}` }));
    }
  }

  move(time) {
    this.cursor.setAttribute("transform", `translate(${this.time(time)} 0)`);
    this.svg.setAttribute("aria-valuenow", time.toFixed(2));
    this.svg.setAttribute("aria-valuetext", `${time.toFixed(2)} seconds`);
  }
}

// Magnitude below which 97 % of the values lie: a stray window must not flatten the plot.
function spread(values) {
  const sizes = values.filter((value) => value !== null).map(Math.abs).sort((a, b) => a - b);
  return sizes.length ? sizes[Math.floor(0.97 * (sizes.length - 1))] : 0;
}
