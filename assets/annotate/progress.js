// How much is done, and how fast.

const REST_MS = 180000; // a longer pause is a rest, not work
const LATEST = 40; // clips that the pace is taken from

export function countClips(clips) {
  const of = (status) => clips.filter((clip) => clip.status === status).length;
  const unsure = of("unsure");
  return { done: of("done") + unsure, left: of("todo"), unsure };
}

export class Pace {
  constructor(times = []) {
    this.times = times;
  }

  add(time) {
    this.times = [...this.times, time].slice(-LATEST - 1);
  }

  // Clips per hour of work; null until three are done.
  get perHour() {
    const gaps = this.times.slice(1).map((time, k) => time - this.times[k]).filter((gap) => gap < REST_MS);
    const worked = gaps.reduce((sum, gap) => sum + gap, 0);
    return gaps.length < 3 || !worked ? null : (3600000 * gaps.length) / worked;
  }

  text(left) {
    const { perHour } = this;
    if (!perHour || !left) return "";
    return `${Math.round(perHour).toLocaleString("en")} clips/h, ${duration(left / perHour)} left`;
  }
}

function duration(hours) {
  const minutes = Math.ceil(60 * hours);
  if (minutes < 60) return `${minutes} min`;
  return minutes < 600 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${Math.round(hours)} h`;
}
