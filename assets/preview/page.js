// The list of clips, the clip that is shown, and the playhead that moves through its plots.

const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const video = $("video");
const items = new Map();
const drawings = new Map();
const wanted = new Map();
const state = { clip: null, drawing: null, classes: new Set(), frame: -1 };
const timeline = new Timeline($("timeline"), seek);
const roomMap = new RoomMap($("map"));
const decay = new DecayPlot($("decay"));

// ---------------------------------------------------------------- words

const range = (pair, unit) => (pair[0] === pair[1] ? `${pair[0]} ${unit}` : `${pair[0]} to ${pair[1]} ${unit}`);

function length(seconds) {
  if (seconds < 120) return `${+seconds.toFixed(1)} s`;
  return seconds < 7200 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

function side(azimuth) {
  const degrees = Math.abs(azimuth).toFixed(0);
  return degrees === "0" ? "in front" : `${degrees}° ${azimuth > 0 ? "left" : "right"}`;
}

function fill(list, rows) {
  list.replaceChildren(...rows.flatMap(([name, value]) => {
    const term = document.createElement("dt");
    const text = document.createElement("dd");
    term.textContent = name;
    text.textContent = value;
    return [term, text];
  }));
}

function facts(clip) {
  const given = (value, text) => (value === null || value === undefined ? null : text(value));
  return [
    ["class", clip.class], ["object", clip.object], ["sound", clip.sound],
    ["home", clip.scene],
    ["room", [clip.room, given(clip.room_area_m2, (v) => `${v} m²`),
      given(clip.room_volume_m3, (v) => `${v} m³`)].filter(Boolean).join(", ")],
    ["distance", given(clip.distance_m, (v) => range(v, "m"))],
    ["azimuth", given(clip.azimuth_deg, (v) => v.map(side).join(" to "))],
    ["T30, mean", given(clip.rt60_s, (v) => `${v} s`)],
    ["DRR, mean", given(clip.drr_db, (v) => `${signed(v, 1)} dB`)],
    ["length", length(clip.duration_s)],
    ["picture", `${clip.width} × ${clip.height}, ${clip.fps} frames/s, ${clip.fov_deg}° ${clip.projection}`],
    ["sound rate", given(clip.sample_rate, (v) => `${v} Hz`)],
    ["gain", given(clip.gain_db, (v) => `${signed(v, 2)} dB`)],
    ["HRTF", clip.hrtf], ["origin", clip.origin], ["source file", clip.source_file],
  ].filter(([, value]) => value);
}

// ---------------------------------------------------------------- list

function near(clip) {
  return clip.distance_m ? clip.distance_m[0] : Infinity;
}

function matching() {
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (clip) => [clip.id, clip.class, clip.object, clip.sound, clip.scene, clip.room, clip.source_file]
    .join(" ").toLowerCase();
  const key = $("sort").value;
  const value = (clip) => (key === "near" ? near(clip) : clip[key] ?? Infinity);
  return data.clips
    .filter((clip) => !state.classes.size || (clip.class ?? "").split(", ").some((name) => state.classes.has(name)))
    .filter((clip) => words.every((word) => text(clip).includes(word)))
    .sort((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0));
}

function showList() {
  const clips = matching();
  $("list").replaceChildren(...clips.map((clip) => items.get(clip.id)));
  const { n_clips: all } = data.statistics;
  $("count").textContent = clips.length === data.clips.length && all > clips.length
    ? `${clips.length} of ${plural(all, "clip")}, evenly spread`
    : `${clips.length} of ${plural(data.clips.length, "clip")}`;
  markCurrent();
}

function listItem(clip) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  const image = document.createElement("img");
  const words = document.createElement("div");
  const title = document.createElement("b");
  link.href = `#clip=${encodeURIComponent(clip.id)}`;
  link.dataset.id = clip.id;
  image.src = file(clip.id, "jpg");
  image.alt = "";
  image.loading = "lazy";
  title.textContent = clip.class ?? clip.id;
  const row = (parts) => {
    const span = document.createElement("span");
    span.textContent = parts.filter(Boolean).join(" · ");
    return span;
  };
  words.append(title, row([clip.room, clip.scene]), row([
    clip.id, length(clip.duration_s), clip.rt60_s && `T30 ${clip.rt60_s}`,
  ]));
  link.append(image, words);
  item.append(link);
  return item;
}

function markCurrent() {
  for (const each of items.values()) each.firstChild.removeAttribute("aria-current");
  const item = state.clip && items.get(state.clip.id);
  if (!item?.isConnected) return;
  item.firstChild.setAttribute("aria-current", "true");
  item.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function showClasses() {
  const names = [...new Set(data.clips.flatMap((clip) => (clip.class ?? "").split(", ")))].filter(Boolean).sort();
  $("classes").hidden = names.length < 2;
  $("classes").replaceChildren(...names.map((name) => {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.textContent = name;
    chip.setAttribute("aria-pressed", "false");
    chip.addEventListener("click", () => {
      if (!state.classes.delete(name)) state.classes.add(name);
      chip.setAttribute("aria-pressed", String(state.classes.has(name)));
      showList();
    });
    return chip;
  }));
}

// ---------------------------------------------------------------- the clip that is shown

function file(id, suffix) {
  return `previews/${encodeURIComponent(id)}.${suffix}`;
}

// A page from disk may not fetch; a script may be loaded. Its file calls this.
function receiveClip(id, drawing) {
  drawings.set(id, drawing);
  wanted.get(id)?.(drawing);
}

function load(id) {
  if (drawings.has(id)) return Promise.resolve(drawings.get(id));
  return new Promise((resolve, reject) => {
    wanted.set(id, resolve);
    const script = document.createElement("script");
    script.src = file(id, "js");
    script.onerror = () => reject(new Error(`${script.src} is missing`));
    document.head.append(script);
  });
}

async function showClip(clip) {
  if (state.clip === clip) return;
  Object.assign(state, { clip, drawing: null, frame: -1 });
  video.poster = file(clip.id, "jpg");
  video.src = file(clip.id, "mp4");
  video.style.aspectRatio = `${clip.width} / ${clip.height}`;
  $("marks").replaceChildren();
  $("name").textContent = [clip.class, clip.room, clip.scene].filter(Boolean).join(", ") || clip.id;
  fill($("facts"), [["clip", clip.id], ...facts(clip)]);
  markCurrent();
  try {
    const drawing = await load(clip.id);
    if (state.clip !== clip) return;
    state.drawing = drawing;
    drawClip();
  } catch (error) {
    $("now").textContent = error.message;
  }
}

function drawClip() {
  const { clip, drawing } = state;
  if (!drawing || $("clips").hidden) return;
  state.frame = -1;
  $("map-panel").hidden = !drawing.map;
  $("decay-panel").hidden = !drawing.rirs;
  $("mark").parentElement.hidden = !drawing.pixels;
  $("marks").setAttribute("viewBox", `0 0 ${clip.width} ${clip.height}`);
  timeline.draw(clip, drawing);
  if (drawing.map) roomMap.draw(drawing, clip.silent ?? []);
  if (drawing.rirs) decay.draw(drawing.rirs);
  showLegend(drawing);
  follow();
}

function showLegend({ truth, rirs }) {
  const entry = (name, color, text) => {
    const item = document.createElement("li");
    const sample = document.createElement("i");
    sample.className = name;
    sample.style.borderColor = `var(--${color})`;
    item.append(sample, text);
    return item;
  };
  $("legend").replaceChildren(
    entry("dots", "left", "measured in the sound (0.1 s windows; faint: soft)"),
    ...(truth ? [entry("", "truth", "true azimuth (axis to the right)")] : []),
    ...(rirs ? [entry("dashes", "direct", "direct sound of the BRIR")] : []),
    "up is left, click to seek",
  );
}

// ---------------------------------------------------------------- playhead

// Index of the last moment that has come.
function lastBefore(moments, time) {
  let [low, high] = [0, moments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (moments[middle] <= time + 1e-4) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

function seek(time) {
  // Before the video is loaded a seek has no effect: load it, then go there.
  if (video.readyState === 0) {
    video.preload = "auto";
    video.addEventListener("loadedmetadata", () => { video.currentTime = time; }, { once: true });
    video.load();
    showTime(time);
  } else video.currentTime = time;
}

function follow() {
  showTime(video.currentTime);
  if (!video.paused) requestAnimationFrame(follow);
}

function showTime(time) {
  const { drawing } = state;
  if (!drawing) return;
  timeline.move(Math.min(time, state.clip.duration_s));
  const frame = lastBefore(drawing.frame_times, time);
  const rir = drawing.rirs ? Math.min(lastBefore(drawing.rirs.times, time), drawing.rirs.rt60_s.length - 1) : 0;
  if (drawing.rirs) decay.move(rir);
  if (drawing.map && frame !== state.frame) roomMap.move(frame);
  if (frame !== state.frame) showMarks(frame);
  state.frame = frame;
  showNow(time, frame, rir);
}

function showMarks(frame) {
  const spots = $("mark").checked ? state.drawing.pixels?.[frame] ?? [] : [];
  $("marks").replaceChildren(...spots.filter((spot) => spot[0] !== null)
    .map(([cx, cy]) => make("circle", { cx, cy, r: state.clip.height / 28 })));
}

function showNow(time, frame, rir) {
  const { cues, truth, rirs } = state.drawing;
  const window = cues.times.length ? lastBefore(cues.times, time + 0.025) : -1;
  const cue = (name, digits) => (window < 0 || cues[name][window] === null ? "–" : signed(cues[name][window], digits));
  const list = (values, text) => values.map((value) => (value === null ? "–" : text(value))).join(" / ");
  const parts = [["", `${time.toFixed(2)} s`], ["ILD", `${cue("ild_db", 1)} dB`], ["ITD", `${cue("itd_us", 0)} µs`]];
  if (truth) {
    parts.push(["source", list(truth.azimuth_deg.map((each) => each[frame]), side)]);
    parts.push(["distance", list(truth.distance_m.map((each) => each[frame]), (v) => `${v.toFixed(2)} m`)]);
  }
  if (rirs) {
    parts.push(["T30", list(rirs.rt60_s[rir], (v) => `${v.toFixed(2)} s`)]);
    parts.push(["DRR", list(rirs.drr_db[rir], (v) => `${signed(v, 1)} dB`)]);
  }
  $("now").replaceChildren(...parts.map(([name, value]) => {
    const span = document.createElement("span");
    const bold = document.createElement("b");
    bold.textContent = value;
    bold.style.color = "var(--ink)";
    span.append(name ? `${name} ` : "", bold);
    return span;
  }));
}

// ---------------------------------------------------------------- views

function route() {
  const hash = decodeURIComponent(location.hash.slice(1));
  const view = ["statistics", "origin"].includes(hash) ? hash : "clips";
  for (const name of ["clips", "statistics", "origin"]) $(name).hidden = name !== view;
  for (const link of document.querySelectorAll(".tabs a")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (view !== "clips") video.pause();
  if (view === "statistics") drawStatistics(data.statistics, $("histograms"));
  if (view !== "clips") return;
  const id = hash.startsWith("clip=") ? hash.slice(5) : state.clip?.id;
  const clip = data.clips.find((each) => each.id === id) ?? data.clips[0];
  if (state.clip === clip) drawClip();
  else showClip(clip);
}

function flatten(value, name = "") {
  if (value === null || typeof value !== "object") return [[name, String(value ?? "–")]];
  if (Array.isArray(value) && value.every((each) => typeof each !== "object")) return [[name, value.join(", ") || "–"]];
  return Object.entries(value).flatMap(([key, each]) => flatten(each, name ? `${name} · ${key}` : key));
}

function start() {
  const { statistics } = data;
  const { distinct } = statistics;
  $("title").textContent = data.name;
  $("summary").textContent = [
    plural(statistics.n_clips, "clip"), length(statistics.duration_s),
    distinct.scene && plural(distinct.scene, "home"), distinct.room && plural(distinct.room, "room"),
    distinct.class && plural(distinct.class, "class", "classes"),
    distinct.object && plural(distinct.object, "object"), distinct.sound && plural(distinct.sound, "sound"),
  ].filter(Boolean).join(" · ");
  $("statistics-note").textContent = `Over all ${plural(statistics.n_clips, "clip")}; the line marks the median.`;
  fill($("info"), flatten(data.info));
  for (const clip of data.clips) items.set(clip.id, listItem(clip));
  showClasses();
  showList();
  route();
}

$("search").addEventListener("input", showList);
$("sort").addEventListener("change", showList);
$("mark").addEventListener("change", () => { if (state.drawing) showMarks(Math.max(0, state.frame)); });
for (const event of ["play", "seeked", "timeupdate", "pause"]) video.addEventListener(event, follow);
$("timeline").addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step || !state.clip) return;
  event.preventDefault();
  seek(Math.min(state.clip.duration_s, Math.max(0, video.currentTime + step / state.clip.fps)));
});
window.addEventListener("hashchange", route);
let redraw = 0;
window.addEventListener("resize", () => {
  cancelAnimationFrame(redraw);
  redraw = requestAnimationFrame(route);
});
start();
