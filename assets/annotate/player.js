// The clip with its sound: again and again the second around the labeled frame, or the whole clip.

const FLOOR_DB = -60;
const FALL = 0.9; // of a level from one picture of the screen to the next

export class Player {
  // `meters`: the bars of the left and the right ear; `events`: changed(), moved(), trouble(text)
  constructor(video, meters, events) {
    Object.assign(this, { video, meters, events, whole: false, span: [0, 0], levels: [0, 0], ticking: false });
    for (const name of ["play", "pause", "volumechange"]) video.addEventListener(name, () => events.changed());
    video.addEventListener("play", () => this.tick());
    video.addEventListener("error", () => {
      if (!video.getAttribute("src")) return;
      video.removeAttribute("src"); // another try asks for it anew
      events.trouble("the clip's film can't be played");
    });
    // What wanted to play before the first click may do so now; sound waits for a click or a key.
    document.addEventListener("pointerup", () => { if (this.wanted) this.play(); });
    for (const name of ["pointerup", "keydown"]) document.addEventListener(name, () => this.wake());
  }

  get playing() { return !this.video.paused; }

  // `src` is asked for only when it is played.
  load(src, poster, span) {
    this.video.pause();
    Object.assign(this, { src, span, wanted: false });
    this.video.removeAttribute("src");
    this.video.load();
    this.video.poster = poster;
  }

  async play() {
    const { src } = this;
    this.wanted = false;
    this.listen();
    if (!this.video.getAttribute("src")) this.video.src = src;
    this.start();
    try {
      await this.video.play();
    } catch (error) {
      // Another clip came first; or the browser wants a click or key before there may be sound.
      if (src !== this.src || error.name !== "NotAllowedError") return;
      this.wanted = true;
      this.events.trouble("Play (Space) starts the sound");
    }
  }

  toggle() {
    if (this.playing) this.video.pause();
    else this.play();
  }

  setWhole(whole) {
    this.whole = whole;
    if (this.playing) this.start();
    this.events.changed();
  }

  start() {
    if (this.whole) return;
    const go = () => { this.video.currentTime = this.span[0]; };
    if (this.video.readyState > 0) go();
    else this.video.addEventListener("loadedmetadata", go, { once: true });
  }

  // Sound goes through an analyser for each ear. A context may begin only after a click or a key.
  listen() {
    if (!this.context) {
      this.context = new AudioContext();
      const source = this.context.createMediaElementSource(this.video);
      const splitter = this.context.createChannelSplitter(2);
      source.connect(this.context.destination);
      source.connect(splitter);
      this.ears = [0, 1].map((ear) => {
        const analyser = this.context.createAnalyser();
        analyser.fftSize = 2048;
        splitter.connect(analyser, ear);
        return analyser;
      });
      this.samples = new Float32Array(2048);
    }
    this.wake();
  }

  wake() {
    if (this.context?.state === "suspended") this.context.resume();
  }

  tick() {
    if (this.ticking) return;
    this.ticking = true;
    const step = () => {
      this.loop();
      this.measure();
      this.events.moved();
      if (this.playing || this.levels.some((level) => level > 0.01)) requestAnimationFrame(step);
      else this.ticking = false;
    };
    requestAnimationFrame(step);
  }

  loop() {
    const { video, span } = this;
    if (this.whole || !this.playing || video.seeking) return;
    if (video.currentTime >= span[1] || video.currentTime < span[0] - 0.1) video.currentTime = span[0];
  }

  measure() {
    this.levels = this.levels.map((before, ear) => {
      this.ears[ear].getFloatTimeDomainData(this.samples);
      const power = this.samples.reduce((sum, value) => sum + value * value, 0) / this.samples.length;
      const db = this.playing ? 10 * Math.log10(power + 1e-12) : FLOOR_DB;
      const level = Math.max(FALL * before, Math.min(1, Math.max(0, 1 - db / FLOOR_DB)));
      this.meters[ear].style.transform = `scaleX(${level.toFixed(3)})`;
      return level;
    });
  }
}

// The second around a frame, within the clip.
export function secondAround(frame, { fps, duration_s: duration }) {
  const start = Math.max(0, Math.min((frame + 0.5) / fps - 0.5, duration - 1));
  return [start, Math.min(duration, start + 1)];
}
