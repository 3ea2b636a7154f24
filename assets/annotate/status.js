// What the page tells beside the picture: the answer, how much is done, what is saved.

import { line } from "./api.js";
import { WORDS, describe } from "./conflict.js";
import { countClips } from "./progress.js";
import { $, localSigma, page } from "./session.js";

const TOLD_MS = 4000;

export function drawAnswer() {
  const { draft } = page;
  const { kind } = draft;
  for (const name of ["nothing", "left", "right", "behind", "unsure"]) {
    $(`kind-${name}`).setAttribute("aria-pressed", kind === name);
  }
  $("kind-points").toggleAttribute("data-chosen", kind === "points");
  $("n-points").textContent = draft.points.length;
  $("note-over").hidden = !kind || kind === "points" || draft.points.length > 0;
  $("note-over").textContent = WORDS[kind] ?? "";
  const text = kind ? describe(draft.content) : "no answer yet";
  $("where").textContent = text;
  $("stage").setAttribute("aria-label", `Frame ${page.frame + 1} of clip ${page.clip.id}: ${text}`);
}

export function showSigma() {
  const { state, clip } = page;
  const reference = state.sigma_reference_width;
  $("sigma").value = page.settings.sigma;
  $("sigma-value").textContent = `${page.settings.sigma} px`;
  $("map").setAttribute("aria-pressed", page.settings.map);
  const here = clip ? `; ${localSigma(clip).toFixed(1)} px here` : "";
  const other = page.settings.sigma === state.sigma ? "" : `; ${state.sigma} is written unless told otherwise`;
  $("sigma-note").textContent = `at ${reference} px width${here}${other}`;
}

export function showProgress() {
  const { done, left, unsure } = countClips(page.clips);
  $("bar").max = Math.max(1, done + left);
  $("bar").value = done;
  $("counts").textContent = `${done} done${unsure ? ` (${unsure} unsure)` : ""}, ${left} left of ${done + left}`;
  $("pace").textContent = page.pace.text(left);
}

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

// [state, text]: the worst thing first.
function savedState() {
  const { waiting, conflicts: against } = page.outbox;
  const kept = waiting.length ? `${plural(waiting.length, "answer")} kept in this browser` : "the server does not answer";
  if (!line.up) return ["offline", `offline: ${kept}`];
  if (against.length) return ["conflict", `${plural(against.length, "answer")} not saved: to be decided`];
  if (waiting.length) return ["saving", "saving …"];
  return page.draft?.changed ? ["draft", "not saved yet"] : ["saved", "saved"];
}

export function showSaved() {
  const [state, text] = savedState();
  $("saved").dataset.state = state;
  $("saved").textContent = text;
  $("conflicts").hidden = !page.outbox.conflicts.length;
  $("conflicts").textContent = plural(page.outbox.conflicts.length, "conflict");
}

export function tell(text, alarm = false) {
  $("told").textContent = text;
  $("told").classList.toggle("alarm", alarm);
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => { $("told").textContent = ""; }, TOLD_MS);
}
