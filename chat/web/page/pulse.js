// From what /stats.json counts to what happens in a second. Pure.

export const kPointsMax = 60;

function rate(before, now, name, seconds) {
  const count = now[name] - before[name];
  return count >= 0 ? count / seconds : null;
}

// connections: by protocol.
const kNothing = { connections: {}, messages: null, deliveries: null, p50: null, p99: null };

export class Pulse {
  #last = null; // {stats, at}
  points = []; // a second or so apart, as in kNothing; null: not known

  // at: of a steady clock, in milliseconds. Whatever a server counts only grows, unless it is
  // another one.
  add(stats, at) {
    const seconds = this.#last === null ? 0 : (at - this.#last.at) / 1000;
    const isSame = seconds > 0 && stats.uptime_seconds >= this.#last.stats.uptime_seconds;
    const before = this.#last?.stats;
    this.#last = { stats, at };
    this.#push({
      connections: stats.connections,
      messages: isSame ? rate(before, stats, 'messages', seconds) : null,
      deliveries: isSame ? rate(before, stats, 'deliveries', seconds) : null,
      p50: stats.fanout_seconds?.p50 ?? null,
      p99: stats.fanout_seconds?.p99 ?? null,
    });
  }

  // There was no answer.
  miss() {
    this.#last = null;
    this.#push(kNothing);
  }

  get stats() {
    return this.#last?.stats ?? null;
  }

  #push(point) {
    this.points = [...this.points, point].slice(-kPointsMax);
  }
}

// A round number above all values, for the top of a chart.
export function ceilingOf(values) {
  const max = Math.max(0, ...values.filter((value) => value !== null));
  if (max === 0) {
    return 1;
  }
  const power = 10 ** Math.floor(Math.log10(max));
  const step = [1, 2, 5, 10].find((one) => one * power >= max);
  return step * power;
}

// The values as an SVG path in a box; what is not known leaves a hole. The newest is on the right.
export function pathOf(values, ceiling, width, height) {
  const step = width / (kPointsMax - 1);
  const left = width - step * (values.length - 1);
  let path = '';
  let isDrawing = false;
  values.forEach((value, index) => {
    if (value === null) {
      isDrawing = false;
      return;
    }
    const x = (left + index * step).toFixed(1);
    const y = (height - (Math.min(value, ceiling) / ceiling) * height).toFixed(1);
    path += `${isDrawing ? 'L' : 'M'}${x} ${y}`;
    isDrawing = true;
  });
  return path;
}

const kUnits = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

export function countText(value) {
  if (value === null || !Number.isFinite(value)) {
    return '–';
  }
  const unit = kUnits.find(([size]) => value >= size * 10);
  if (unit !== undefined) {
    return `${(value / unit[0]).toFixed(value >= unit[0] * 100 ? 0 : 1)} ${unit[1]}`;
  }
  return value > 0 && value < 10 && !Number.isInteger(value)
    ? value.toFixed(1)
    : String(Math.round(value));
}

export function durationText(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) {
    return '–';
  }
  if (seconds < 1e-3) {
    return `${Math.round(seconds * 1e6)} µs`;
  }
  return seconds < 1
    ? `${(seconds * 1e3).toFixed(seconds < 0.01 ? 1 : 0)} ms`
    : `${seconds.toFixed(1)} s`;
}

export function uptimeText(seconds) {
  const minutes = Math.floor(seconds / 60);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  if (days > 0) {
    return `${days} d ${hours} h`;
  }
  return hours > 0
    ? `${hours} h ${minutes % 60} min`
    : minutes > 0
      ? `${minutes} min ${Math.floor(seconds % 60)} s`
      : `${Math.floor(seconds)} s`;
}
