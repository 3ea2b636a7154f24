// The page: which clip is shown, what is done to it, and what is told of it.

import { ACTIONS, fillHelp, listen } from "./actions.js";
import * as api from "./api.js";
import { ConflictDialog } from "./conflict.js";
import { Draft } from "./draft.js";
import { Frames } from "./frames.js";
import { Heat } from "./heat.js";
import { ClipList } from "./list.js";
import { Outbox } from "./outbox.js";
import { Player, secondAround } from "./player.js";
import { Pace } from "./progress.js";
import { $, byId, localSigma, nextTodo, page } from "./session.js";
import { Shelf, newKey } from "./shelf.js";
import { Stage } from "./stage.js";
import { drawAnswer, showProgress, showSaved, showSigma, tell } from "./status.js";

const AHEAD = 3; // clips to do whose frames are loaded beforehand
const PAN_PX = 60;
const MOVE_PX = 5;
const ZOOM = 1.3;
const AGAIN_MS = 1000;

const tab = newKey();
const frames = new Frames();
const prepared = new Map(); // clip → what the server has of it, asked for beforehand

// ---------------------------------------------------------------- parts

const stage = new Stage($("stage"), {
  canEdit: () => Boolean(page.draft) && page.frame === page.draft.frame && !page.moving,
  refused: () => {
    if (!page.draft) return;
    look(page.draft.frame);
    tell("Back at the labeled frame: points belong to it");
  },
  add: (point) => edit((draft) => draft.add(point)),
  move: (index, point, isNew) => edit((draft) => draft.move(index, point, isNew)),
  remove: (index) => edit((draft) => draft.remove(index)),
  choose: (index) => { page.draft.chosen = index; draw(); },
  seen: () => { $("zoom").textContent = `${Math.round(100 * stage.view.scale)} %`; },
});

const heat = new Heat(() => { stage.heat = heat.image; stage.paint(); });

const player = new Player($("video"), [$("left"), $("right")], {
  changed: () => { if (page.moving && !player.playing) setMoving(false); showPlayer(); },
  moved: () => { if (page.moving) drawFilm(); },
  trouble: (text) => { if (api.line.up) tell(text, true); },
});

const list = new ClipList($("list"), $("filters"), $("shown"), (clip) => { show(clip); $("stage").focus(); });

const conflicts = new ConflictDialog(
  $("conflict"), (clip, frame) => frames.load(clip.number, frame),
  (entry, content) => {
    page.outbox.resolve(entry, content);
    const clip = byId(entry.clip);
    adopt(clip, content ?? entry.conflict);
    if (clip === page.clip) show(clip, { afresh: true });
    offerConflict();
  },
);

// ---------------------------------------------------------------- one clip

async function fetchAnswer(clip) {
  const answer = await api.loadAnswer(clip.number);
  return answer.revision ? answer : null;
}

function prepare(clip) {
  const known = prepared.get(clip);
  if (known) return known.promise;
  const entry = { ready: null };
  const onItsWay = page.outbox.latest(clip.id);
  entry.promise = Promise.all([onItsWay ?? fetchAnswer(clip), frames.load(clip.number, clip.frame)]).then(
    async ([answer]) => {
      if (answer && answer.frame !== clip.frame) await frames.load(clip.number, answer.frame);
      entry.ready = { answer: onItsWay ? null : answer };
    },
  );
  prepared.set(clip, entry);
  entry.promise.catch(() => prepared.delete(clip));
  return entry.promise;
}

async function show(clip, { afresh = false } = {}) {
  page.turn += 1;
  const { turn } = page;
  if (afresh) prepared.delete(clip);
  leave(clip);
  while (!isReady(clip)) {
    $("waiting").textContent = api.line.up ? "loading …" : "the server does not answer; trying again";
    $("waiting").hidden = false;
    try {
      await prepare(clip);
    } catch (error) {
      if (error instanceof api.Refusal && error.status < 500) return failed(clip, turn, error);
      await new Promise((done) => setTimeout(done, AGAIN_MS));
    }
    if (turn !== page.turn) return undefined;
  }
  return begin(clip);
}

function isReady(clip) {
  const onItsWay = page.outbox.latest(clip.id);
  const ready = onItsWay ? { answer: onItsWay } : prepared.get(clip)?.ready;
  return Boolean(ready && frames.get(clip.number, ready.answer?.frame ?? clip.frame));
}

function failed(clip, turn, error) {
  if (turn !== page.turn) return;
  Object.assign(clip, { status: "problem", problem: error.message });
  list.refresh(clip);
  showProgress();
  const next = nextTodo(clip);
  $("waiting").textContent = `can't be shown: ${error.message}`;
  if (!next) return;
  show(next);
  tell(`${clip.id} can't be shown: ${error.message}`, true);
}

// The clip before is gone from the screen at once, so nothing can be put on it any more.
function leave(clip) {
  Object.assign(page, { clip, draft: null, moving: false });
  heat.clear();
  stage.heat = null;
  if (!isReady(clip)) {
    Object.assign(stage, { image: null, points: [] });
    stage.paint();
  }
  $("badge").hidden = true;
  $("note-over").hidden = true;
  $("name").textContent = `${clip.at + 1}. ${clip.id}`;
  history.replaceState(null, "", `#clip=${encodeURIComponent(clip.id)}`);
  list.mark(clip);
}

function begin(clip) {
  const answer = prepared.get(clip)?.ready?.answer ?? null;
  prepared.delete(clip); // another time it may be another one
  $("waiting").hidden = true;
  page.draft = openDraft(clip, answer);
  page.frame = page.draft.frame;
  stage.view.fitted = true;
  stage.show(frames.get(clip.number, page.frame), [clip.width, clip.height]);
  stage.fit();
  $("note").value = page.draft.note;
  draw();
  performance.mark("annotate-shown", { detail: clip.id });
  // The picture first: the rest may come after it, unless the clip was left or begun anew by then.
  const { turn } = page;
  requestAnimationFrame(() => setTimeout(() => { if (page.turn === turn) follow(clip); }));
}

function follow(clip) {
  const src = api.mediaPath(clip.number);
  player.load(src, api.framePath(clip.number, page.frame), secondAround(page.draft.frame, clip));
  if (page.settings.autoplay && document.hasFocus()) player.play();
  let next = clip;
  for (let k = 0; k < AHEAD; k += 1) {
    next = nextTodo(next);
    if (!next || next === clip) return;
    prepare(next).catch(() => {});
    if (k === 0 && page.settings.autoplay) api.warmMedia(next.number);
  }
}

function openDraft(clip, saved) {
  const onItsWay = page.outbox.latest(clip.id);
  const answer = onItsWay ?? saved;
  if (saved && !onItsWay) adopt(clip, saved);
  const draft = new Draft(clip, {
    base: onItsWay ? null : (saved?.revision ?? 0), answer, frame: answer?.frame ?? clip.frame,
  });
  const kept = page.shelf.get(`draft:${clip.id}`);
  if (kept && kept.frame === draft.frame) {
    draft.step({ kind: kept.kind, points: kept.points });
    draft.note = kept.note;
    // It stands on what it was made from: if that has changed since, the server will say so.
    if (kept.base !== null || !onItsWay) draft.base = kept.base ?? draft.base;
  }
  return draft;
}

// What is known of a clip once an answer to it is.
function adopt(clip, answer) {
  if (!clip) return;
  clip.status = answer.kind === "unsure" ? "unsure" : "done";
  clip.waiting = page.outbox.of(clip.id).length > 0;
  clip.mine = true;
  list.refresh(clip);
  showProgress();
}

// ---------------------------------------------------------------- edit

function edit(change) {
  if (!page.draft) return;
  change(page.draft);
  keepDraft();
  draw();
}

// Every change is kept at once: a closed page, a crash or a power cut loses nothing.
function keepDraft() {
  const { clip, draft } = page;
  const { now: { kind, points }, note, base, frame } = draft;
  if (draft.changed) page.shelf.set(`draft:${clip.id}`, { kind, points, note, base, frame, tab });
  else page.shelf.remove(`draft:${clip.id}`);
}

function save() {
  const { clip, draft } = page;
  if (!draft) return;
  const { content } = draft;
  if (!content) {
    tell("Click where the sound comes from, or answer: N nothing visible, L R B off screen, U unsure", true);
    return;
  }
  page.last = { clip, points: content.points };
  if (draft.changed) {
    page.pace.add(Date.now());
    page.shelf.set("pace", page.pace.times);
    page.outbox.put(clip.id, draft.base, content);
    page.shelf.remove(`draft:${clip.id}`);
    adopt(clip, content);
  }
  advance(clip);
}

function advance(clip) {
  const next = nextTodo(clip);
  if (next && next !== clip) return show(next);
  tell("Every clip has an answer");
  return show(clip, { afresh: true });
}

async function copyLast() {
  const { clip } = page;
  const from = page.last && page.last.clip !== clip ? page.last : await before(clip).catch(() => null);
  if (clip !== page.clip || !page.draft) return;
  if (!from?.points.length) tell("The clip before has no points", true);
  else if (!stage.events.canEdit()) stage.events.refused();
  else {
    const scale = [clip.width / from.clip.width, clip.height / from.clip.height];
    edit((draft) => draft.setPoints(from.points.map(([x, y]) => [scale[0] * x, scale[1] * y])));
  }
}

async function before(clip) {
  const earlier = page.clips[clip.at - 1];
  if (!earlier || earlier.problem) return null;
  const answer = page.outbox.latest(earlier.id) ?? await fetchAnswer(earlier);
  return answer && { clip: earlier, points: answer.points };
}

// ---------------------------------------------------------------- look around

async function look(frame) {
  const { clip, turn } = page;
  if (!page.draft || frame < 0 || frame >= clip.n_frames) return;
  Object.assign(page, { frame, moving: false });
  draw();
  const image = await frames.load(clip.number, frame).catch(() => null);
  if (turn !== page.turn || page.frame !== frame) return;
  if (image) stage.show(image, [clip.width, clip.height]);
  else tell("this frame can't be loaded", true);
  draw();
  for (const near of [frame + 1, frame - 1]) {
    if (near >= 0 && near < clip.n_frames) frames.load(clip.number, near).catch(() => {});
  }
}

// The film over the frame, as large as the frame and zoomed like it.
function setMoving(moving) {
  if (!page.draft) return;
  page.moving = moving;
  if (!moving) look(page.frame);
  else if (!player.playing) player.play();
  draw();
  showPlayer();
}

function drawFilm() {
  const { clip } = page;
  if ($("video").readyState >= 2) stage.show($("video"), [clip.width, clip.height]);
  stage.paint();
}

// ---------------------------------------------------------------- what is seen

function draw() {
  const { draft } = page;
  const away = page.frame !== draft.frame || page.moving;
  Object.assign(stage, { points: draft.points, chosen: draft.chosen, faint: away });
  $("screen").classList.toggle("other", away);
  $("badge").hidden = !away;
  $("badge").textContent = `${page.moving ? "film" : `frame ${page.frame + 1}`}: to look only; points belong to frame ${draft.frame + 1} (F)`;
  $("frame").textContent = `${page.frame + 1} / ${page.clip.n_frames}`;
  $("frame").setAttribute("aria-label", `Frame ${page.frame + 1} of ${page.clip.n_frames}; go to the labeled frame`);
  drawHeat(away);
  drawAnswer();
  stage.paint();
  showSaved();
}

function drawHeat(away) {
  const { clip, draft } = page;
  const wanted = page.settings.map && !away && draft.points.length > 0;
  stage.heat = wanted ? heat.image : null;
  if (!wanted) return;
  const { width, height } = clip;
  heat.request({ width, height, points: draft.points, sigma: localSigma(clip), mode: page.state.mode });
}

function showPlayer() {
  $("play").textContent = player.playing ? "Pause" : "Play";
  $("whole").setAttribute("aria-pressed", player.whole);
  $("large").setAttribute("aria-pressed", page.moving);
  $("sound").setAttribute("aria-pressed", !$("video").muted);
  $("autoplay").setAttribute("aria-pressed", page.settings.autoplay);
}

// ---------------------------------------------------------------- on the way to the server

const onTheWay = {
  changed: () => showSaved(),
  saved: ({ clip: id }, answer) => {
    const clip = byId(id);
    const kept = page.shelf.get(`draft:${id}`);
    if (kept && kept.base === null) page.shelf.set(`draft:${id}`, { ...kept, base: answer.revision });
    if (clip) prepared.delete(clip);
    if (page.clip === clip && page.draft?.base === null) page.draft.base = answer.revision;
    adopt(clip, answer);
  },
  conflict: (entry) => {
    adopt(byId(entry.clip), entry.content);
    offerConflict();
  },
  // It can't be saved as it is: it is a draft again, and the reason is told.
  refused: ({ clip: id, base, content }, message) => {
    const { kind, points, note, frame } = content;
    page.shelf.set(`draft:${id}`, { kind: kind === "points" ? null : kind, points, note, base, frame, tab });
    const clip = byId(id);
    if (clip) Object.assign(clip, { status: "todo", waiting: false });
    if (clip) list.refresh(clip);
    showProgress();
    tell(`${id} was not saved: ${message}`, true);
  },
};

// Clips may have other numbers after the server was started again: their names stay.
function send({ clip: id, base, key, content }) {
  const clip = byId(id);
  if (!clip) throw new Error(`no clip ${id} here`);
  return api.saveAnswer(clip.number, { base_revision: base ?? 0, key, ...content });
}

function offerConflict() {
  showSaved();
  const entry = page.outbox.conflicts.find((each) => byId(each.clip));
  if (entry && !document.querySelector("dialog[open]")) conflicts.open(entry, byId(entry.clip));
}

api.line.changed = (up) => {
  if (up) page.outbox?.flush();
  else setTimeout(probe, AGAIN_MS);
  if (page.outbox) showSaved();
};

// Ask until the server is back.
async function probe() {
  await refresh();
  if (!api.line.up) setTimeout(probe, 2 * AGAIN_MS);
}

// Another window may have answered clips in the meantime.
async function refresh() {
  const state = await api.loadState().catch(() => null);
  if (!state || !page.outbox) return;
  const fresh = new Map(state.clips.map((clip) => [clip.id, clip]));
  for (const clip of page.clips) {
    const now = fresh.get(clip.id);
    if (!now) continue;
    clip.number = now.number;
    if (page.outbox.of(clip.id).length || clip.status === now.status) continue;
    Object.assign(clip, { status: now.status, problem: now.problem, mine: now.revision > 0 });
    prepared.delete(clip);
    list.refresh(clip);
  }
  showProgress();
}

// ---------------------------------------------------------------- actions

function movePoint(right, down, event) {
  const { draft } = page;
  if (!draft || draft.chosen < 0) return tell("Choose a point: V", true);
  if (!stage.events.canEdit()) return stage.events.refused();
  const step = (event.repeat ? 3 * MOVE_PX : MOVE_PX) / stage.view.scale;
  const [x, y] = draft.points[draft.chosen];
  return edit(() => draft.move(draft.chosen, [x + step * right, y + step * down], !event.repeat));
}

function setSigma(value) {
  const { min, max } = $("sigma");
  page.settings.sigma = Math.min(max, Math.max(min, value));
  keepSettings();
  if (page.draft) draw();
}

function keepSettings() {
  page.shelf.set("settings", page.settings);
  showSigma();
  showPlayer();
}

function toggle(name) {
  page.settings[name] = !page.settings[name];
  keepSettings();
  if (page.draft) draw();
}

const ready = (work) => () => (stage.events.canEdit() ? work() : stage.events.refused());
const choose = (kind) => () => edit((draft) => draft.choose(kind));
const to = (clip) => (clip ? show(clip) : tell("No other clip there", true));

function removeChosen() {
  if (page.draft.chosen < 0) tell("Choose a point: V, or click it", true);
  else edit((draft) => draft.remove(draft.chosen));
}

function chooseNext() {
  const { draft } = page;
  if (!draft?.points.length) return;
  draft.chosen = (draft.chosen + 1) % draft.points.length;
  draw();
}

const handlers = {
  save,
  add: ready(() => edit((draft) => draft.add(stage.middle()))),
  delete: ready(removeChosen),
  choose: chooseNext,
  "left-point": (event) => movePoint(-1, 0, event),
  "right-point": (event) => movePoint(1, 0, event),
  "up-point": (event) => movePoint(0, -1, event),
  "down-point": (event) => movePoint(0, 1, event),
  undo: () => edit((draft) => draft.undo() || tell("Nothing to undo")),
  redo: () => edit((draft) => draft.redo() || tell("Nothing to redo")),
  copy: copyLast,
  nothing: choose("nothing"),
  left: choose("left"),
  right: choose("right"),
  behind: choose("behind"),
  unsure: choose("unsure"),
  note: () => $("note").focus(),
  play: () => player.toggle(),
  large: () => setMoving(!page.moving),
  whole: () => player.setWhole(!player.whole),
  sound: () => { $("video").muted = !$("video").muted; },
  autoplay: () => toggle("autoplay"),
  "back-frame": () => look(page.frame - 1),
  "next-frame": () => look(page.frame + 1),
  "label-frame": () => look(page.draft?.frame),
  "zoom-in": () => stage.zoom(ZOOM),
  "zoom-out": () => stage.zoom(1 / ZOOM),
  fit: () => stage.fit(),
  "pan-left": () => stage.pan(PAN_PX, 0),
  "pan-right": () => stage.pan(-PAN_PX, 0),
  "pan-up": () => stage.pan(0, PAN_PX),
  "pan-down": () => stage.pan(0, -PAN_PX),
  map: () => toggle("map"),
  wider: () => setSigma(page.settings.sigma + 0.5),
  narrower: () => setSigma(page.settings.sigma - 0.5),
  back: () => to(list.neighbor(page.clip, -1)),
  forward: () => to(list.neighbor(page.clip, 1)),
  todo: () => to(nextTodo(page.clip)),
  find: () => $("search").select(),
  filter: () => tell(`List: ${list.nextFilter()}`),
  conflicts: () => (page.outbox.conflicts.length ? offerConflict() : tell("No conflicts")),
  help: () => $("help").showModal(),
};

function run(name, event) {
  if (!page.clip && name !== "help") return;
  handlers[name]?.(event);
  // After a click the next Enter must save, not press the same button again.
  if (event?.type === "click" && event.detail > 0 && name !== "help" && name !== "conflicts") $("stage").focus();
}

// ---------------------------------------------------------------- begin

function listenToFields() {
  $("note").addEventListener("input", () => edit((draft) => { draft.note = $("note").value; }));
  $("note").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    $("stage").focus();
    if (event.key === "Enter") save();
  });
  $("search").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    if (event.key === "Enter") to(list.find($("search").value));
    $("search").value = "";
    $("stage").focus();
  });
  $("sigma").addEventListener("input", () => setSigma(Number($("sigma").value)));
  $("help").addEventListener("keydown", (event) => {
    if (event.key !== "?") return;
    event.stopPropagation(); // or it would be opened again
    $("help").close();
  });
  $("close-help").addEventListener("click", () => $("help").close());
  window.addEventListener("beforeunload", (event) => { if (page.outbox?.volatile) event.preventDefault(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
}

function listenToKeys() {
  listen({
    run,
    held: (down) => {
      const was = stage.spaceHeld;
      if (down) stage.panned = false;
      stage.spaceHeld = down;
      $("screen").classList.toggle("pan", down);
      return was;
    },
    panned: () => stage.panned,
  });
}

async function firstState() {
  for (;;) {
    try {
      return await api.loadState();
    } catch (error) {
      $("saved").textContent = error instanceof api.Refusal ? error.message : "the server does not answer";
      await new Promise((done) => setTimeout(done, AGAIN_MS));
    }
  }
}

async function start() {
  fillHelp($("keys"));
  for (const [name, keys] of ACTIONS) {
    for (const button of document.querySelectorAll(`[data-action="${name}"]`)) {
      button.title = `${button.getAttribute("aria-label") ?? button.textContent.trim()} (${keys[0]})`;
    }
  }
  const state = await firstState();
  page.state = state;
  page.shelf = new Shelf(state.store ?? state.title, state.annotator, (text) => tell(text, true));
  page.settings = { autoplay: true, map: true, sigma: state.sigma, ...page.shelf.get("settings") };
  page.pace = new Pace(page.shelf.get("pace") ?? []);
  page.clips = state.clips.map((clip, at) => ({ ...clip, at, mine: clip.revision > 0 }));
  page.outbox = new Outbox(page.shelf, send, onTheWay);
  for (const { clip, content } of page.outbox.entries) adopt(byId(clip), content);
  document.title = `${state.title}: annotate`;
  $("title").textContent = state.annotator ? `${state.title} · ${state.annotator}` : state.title;
  list.setClips(page.clips);
  listenToFields();
  listenToKeys();
  showProgress();
  showPlayer();
  page.outbox.flush();
  const clip = firstClip(state);
  if (clip) await show(clip);
  else $("waiting").textContent = "no clip can be shown";
  showSigma();
  offerConflict();
}

function firstClip(state) {
  const named = byId(decodeURIComponent(location.hash.replace(/^#clip=/, "")));
  if (named && !named.problem) return named;
  const usable = page.clips.filter((clip) => !clip.problem);
  return usable.find((clip) => clip.number === state.start) ?? usable.find((clip) => clip.status === "todo") ?? usable[0];
}

// For tests and the console.
window.annotate = { page, stage, heat, player, get outbox() { return page.outbox; } };

start();
