// What all parts of the page know: the clips, the one that is shown, the answer that is being made.

export const $ = (id) => document.getElementById(id);

export const page = {
  state: null, // what the server began with
  clips: [], clip: null,
  draft: null, // the answer to the clip that is shown; null until it is there
  frame: 0, // the frame that is seen
  moving: false, // whether the film is seen instead
  last: null, // the clip that was answered last, and its points
  turn: 0, // counts the clips that were shown: what comes late can tell
  shelf: null, outbox: null, pace: null, settings: null,
};

export const byId = (id) => page.clips.find((clip) => clip.id === id);

// The server asks for clips in this order, too; this works without it.
export function nextTodo(clip) {
  const { clips } = page;
  for (let k = 1; k <= clips.length; k += 1) {
    const each = clips[(clip.at + k) % clips.length];
    if (each.status === "todo") return each;
  }
  return null;
}

// Sigma is told for a width that all clips share: each has it scaled to its own.
export function localSigma({ width }) {
  return (page.settings.sigma * width) / page.state.sigma_reference_width;
}
