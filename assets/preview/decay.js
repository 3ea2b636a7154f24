// Energy decay curves of the impulse responses; the one that sounds now stands out.

class DecayPlot {
  constructor(svg) {
    this.svg = svg;
  }

  draw({ decay_db: curves, decay_step_s: step, decay_of: chosen }) {
    const { width, height } = canvas(this.svg);
    const longest = Math.max(2, ...curves.flat().map((curve) => curve.length));
    const x = scale([0, longest * step], [40, width - 12]);
    const y = scale([-60, 0], [height - 22, 10]);
    for (const tick of ticks(-60, 0, 4)) {
      this.svg.append(
        make("path", { class: "grid", d: `M40 ${Math.round(y(tick)) + 0.5}H${width - 12}` }),
        label(34, y(tick) + 4, signed(tick), { "text-anchor": "end" }),
      );
    }
    for (const tick of ticks(0, longest * step, 6)) {
      this.svg.append(label(x(tick), height - 6, `${tick} s`, { "text-anchor": "middle" }));
    }
    this.svg.append(label(44, height - 28, "dB after the direct sound"));
    this.chosen = chosen;
    this.groups = curves.map((sources) => sources.map((levels) => {
      const points = levels.map((level, k) => [x(k * step), y(level)]);
      const curve = make("path", { class: "curve", d: line(points) });
      this.svg.append(curve);
      return curve;
    }));
    this.active = -1;
  }

  // Of many responses some are drawn: the last drawn one before `rir` stands for it.
  move(rir) {
    const drawn = this.chosen.filter((each) => each <= rir).length - 1;
    if (drawn === this.active) return;
    this.groups.forEach((group, k) => group.forEach((curve) => {
      curve.classList.toggle("active", k === drawn);
      if (k === drawn) this.svg.append(curve);
    }));
    this.active = drawn;
  }
}
