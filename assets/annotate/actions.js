// What can be done and by which keys. The help is made of this table, so it can't tell anything else.

export const ACTIONS = [
  ["save", ["Enter"], "save; the next clip to do"],
  ["add", ["P"], "a point in the middle of what is seen"],
  ["delete", ["Delete", "Backspace"], "delete the chosen point"],
  ["choose", ["V"], "choose the next point"],
  ["left-point", ["Shift+ArrowLeft"], "move the chosen point left"],
  ["right-point", ["Shift+ArrowRight"], "move it right"],
  ["up-point", ["Shift+ArrowUp"], "move it up"],
  ["down-point", ["Shift+ArrowDown"], "move it down"],
  ["undo", ["Z", "Ctrl+Z"], "undo"],
  ["redo", ["Y", "Ctrl+Y", "Ctrl+Shift+Z"], "redo"],
  ["copy", ["C"], "copy the points of the clip before"],
  ["nothing", ["N"], "nothing visible sounds"],
  ["left", ["L"], "off screen, left"],
  ["right", ["R"], "off screen, right"],
  ["behind", ["B"], "off screen, behind"],
  ["unsure", ["U"], "unsure, with or without points"],
  ["note", ["O"], "write a note (Enter saves, Esc leaves it)"],
  ["play", ["Space"], "play, pause"],
  ["large", ["X"], "play over the frame, to look around"],
  ["whole", ["W"], "the whole clip, or the second around the frame"],
  ["sound", ["S"], "sound on, off"],
  ["autoplay", ["A"], "play each clip when it comes"],
  ["back-frame", [","], "frame before, to look around"],
  ["next-frame", ["."], "frame after"],
  ["label-frame", ["F"], "back to the labeled frame"],
  ["zoom-in", ["+", "="], "zoom in at the cursor"],
  ["zoom-out", ["-"], "zoom out"],
  ["fit", ["0"], "the whole frame"],
  ["pan-left", ["ArrowLeft"], "look to the left"],
  ["pan-right", ["ArrowRight"], "look to the right"],
  ["pan-up", ["ArrowUp"], "look up"],
  ["pan-down", ["ArrowDown"], "look down"],
  ["map", ["M"], "localization map on, off"],
  ["wider", ["E"], "wider map (σ)"],
  ["narrower", ["D"], "narrower map"],
  ["back", ["PageUp"], "clip before in the list"],
  ["forward", ["PageDown"], "clip after"],
  ["todo", ["T"], "next clip to do, without saving"],
  ["find", ["G"], "go to a clip by number or name"],
  ["filter", ["H"], "show all, todo, done, unsure, mine"],
  ["conflicts", ["K"], "answers that another window has changed"],
  ["help", ["?"], "these keys"],
];

const SIGNS = {
  ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", PageUp: "Page↑", PageDown: "Page↓", Delete: "Del",
};

const byKey = new Map(ACTIONS.flatMap(([name, keys]) => keys.map((key) => [key, name])));

// "Ctrl+Shift+Z". Shift is a part of signs such as ? and +, which need it on some keyboards only.
export function keyOf(event) {
  const letter = /^\p{L}$/u.test(event.key);
  const key = event.key === " " ? "Space" : letter ? event.key.toUpperCase() : event.key;
  const shifted = event.shiftKey && (letter || key.length > 1);
  return `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${shifted ? "Shift+" : ""}${key}`;
}

// The action of a key; capital letters do what small ones do.
export const actionOf = (event) => byKey.get(keyOf(event)) ?? byKey.get(keyOf(event).replace(/^Shift\+(?=.$)/u, ""));

export function fillHelp(list) {
  list.replaceChildren(...ACTIONS.map(([, keys, text]) => {
    const [row, term, meaning] = ["div", "dt", "dd"].map((name) => document.createElement(name));
    keys.forEach((key, k) => {
      if (k) term.append(" ");
      const cap = document.createElement("kbd");
      cap.textContent = key.split("+").map((part) => SIGNS[part] ?? part).join(" ").trim() || key;
      term.append(cap);
    });
    meaning.textContent = text;
    row.append(term, meaning);
    return row;
  }));
}

// Keys and buttons call `run(name, event)`. `held(down)` tells of the space bar: held, it pans; tapped, it plays.
export function listen({ run, held, panned }) {
  document.addEventListener("keydown", (event) => {
    if (!isOurs(event)) return;
    const name = actionOf(event);
    if (!name) return;
    event.preventDefault();
    if (name === "play") { if (!event.repeat) held(true); }
    else if (!event.repeat || REPEATED.test(name)) run(name, event);
  });
  document.addEventListener("keyup", (event) => {
    if (event.key !== " ") return;
    const wasHeld = held(false);
    if (wasHeld && !panned()) run("play", event);
  });
  window.addEventListener("blur", () => held(false));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-action]");
    if (button) run(button.dataset.action, event);
  });
}

const REPEATED = /^(pan|zoom)-|-(point|frame)$|^(wider|narrower|undo|redo|back|forward)$/;

// Typing, open dialogs and buttons that were reached by Tab keep their own keys.
function isOurs(event) {
  const { target, key } = event;
  if (event.isComposing || event.altKey || document.querySelector("dialog[open]")) return false;
  if (target.matches("input:not([type=range])")) return false;
  if (target.matches("input[type=range]") && key.startsWith("Arrow")) return false;
  return !(target.matches("button") && (key === "Enter" || key === " "));
}
