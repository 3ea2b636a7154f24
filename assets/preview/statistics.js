// How the whole data set is spread.

function drawStatistics(statistics, element) {
  element.replaceChildren();
  if (statistics.classes.length) {
    element.append(card("Clips of each class", "", (svg) => drawCounts(svg, statistics.classes)));
  }
  for (const histogram of statistics.histograms) {
    const { title, unit, counted, n, mean, median } = histogram;
    const value = (number) => `${signedNumber(number)}${unit && unit !== "°" ? " " : ""}${unit}`;
    const note = `median ${value(median)}, mean ${value(mean)}; ${n.toLocaleString("en")} ${counted}`;
    element.append(card(title, note, (svg) => drawHistogram(svg, histogram)));
  }
  element.querySelectorAll("svg").forEach((svg) => svg.draw());
}

function signedNumber(value) {
  return String(+value.toPrecision(3)).replace("-", "−");
}

function card(title, note, draw) {
  const section = document.createElement("section");
  const heading = document.createElement("h3");
  const text = document.createElement("p");
  const svg = make("svg", { role: "img", "aria-label": `${title}: ${note}` });
  section.className = "panel";
  heading.textContent = title;
  text.textContent = note;
  text.className = "muted";
  svg.draw = () => draw(svg);
  section.append(heading, svg, text);
  return section;
}

function drawHistogram(svg, { edges, counts, unit, median, n }) {
  const { width, height } = canvas(svg);
  const x = scale([edges[0], edges[edges.length - 1]], [34, width - 10]);
  const most = Math.max(...counts) / n;
  const y = scale([0, most], [height - 22, 8]);
  for (const tick of ticks(0, 100 * most, 3)) {
    const level = Math.round(y(tick / 100)) + 0.5;
    svg.append(
      make("path", { class: "grid", d: `M34 ${level}H${width - 10}` }),
      label(30, level + 4, `${tick}%`, { "text-anchor": "end" }),
    );
  }
  counts.forEach((count, k) => {
    const [left, right, top] = [x(edges[k]), x(edges[k + 1]), y(count / n)];
    const bar = make("rect", {
      class: "bar", x: left + 0.5, y: top, width: Math.max(1, right - left - 1), height: y(0) - top,
    });
    bar.append(make("title", {}, `${edges[k]} to ${edges[k + 1]} ${unit}: ${count}`));
    svg.append(bar);
  });
  for (const tick of ticks(edges[0], edges[edges.length - 1], 6)) {
    svg.append(label(x(tick), height - 6, signedNumber(tick), { "text-anchor": "middle" }));
  }
  svg.append(make("path", { class: "median", d: `M${x(median)} ${y(0)}V8` }));
}

function drawCounts(svg, classes) {
  const { width, height } = canvas(svg);
  const most = Math.max(...classes.map(([, count]) => count));
  const row = Math.min(28, height / classes.length);
  const x = scale([0, most], [100, width - 50]);
  classes.forEach(([name, count], k) => {
    const y = k * row + 4;
    svg.append(
      label(92, y + row / 2 + 1, name, { "text-anchor": "end", class: "strong" }),
      make("rect", { class: "bar", x: 100, y, width: x(count) - 100, height: Math.max(2, row - 8), rx: 2 }),
      label(x(count) + 6, y + row / 2 + 1, count),
    );
  });
}
