// What the server does at this moment, drawn each second while somebody looks.

import { ceilingOf, countText, durationText, pathOf, Pulse, uptimeText } from '../pulse.js';
import { byId, make, makeSvg, setText } from './dom.js';

const kIntervalMs = 1000;
const kWidth = 280;
const kHeight = 64;

const ofProtocol = (protocol) => (point) => point.connections[protocol] ?? null;

// lines: [what it is called, its value at a point].
const kCharts = [
  {
    title: 'Messages',
    unit: 'a second',
    text: countText,
    lines: [['messages', (point) => point.messages]],
  },
  {
    title: 'Deliveries',
    unit: 'a second',
    text: countText,
    lines: [['deliveries', (point) => point.deliveries]],
  },
  {
    title: 'Connections',
    unit: 'by protocol',
    text: countText,
    lines: [
      ['native', ofProtocol('native')],
      ['IRC', ofProtocol('irc')],
      ['WebSocket', ofProtocol('websocket')],
      ['HTTP', ofProtocol('http')],
    ],
  },
  {
    title: 'Fan-out',
    unit: 'of the last seconds',
    text: durationText,
    lines: [
      ['p50', (point) => point.p50],
      ['p99', (point) => point.p99],
    ],
  },
];

// One chart: its lines, and what they are at this moment in words.
class Chart {
  #lines;
  #text;
  #paths;
  #values;
  #top = make('span', { class: 'ceiling muted', 'aria-hidden': 'true' });

  constructor({ title, unit, text, lines }) {
    this.#text = text;
    this.#lines = lines;
    this.#paths = lines.map((line, index) => makeSvg('path', { class: `line line-${index}` }));
    this.#values = lines.map(() => make('b', {}));
    const isAlone = lines.length === 1;
    const legend = lines.map(([name], index) =>
      make(
        'li',
        { class: isAlone ? 'alone' : `line-${index}` },
        isAlone ? '' : `${name} `,
        this.#values[index],
      ),
    );
    const viewBox = `0 -2 ${kWidth} ${kHeight + 4}`;
    this.element = make(
      'figure',
      { class: 'chart' },
      make(
        'figcaption',
        {},
        make('span', {}, make('b', {}, title), ' ', make('span', { class: 'muted' }, unit)),
        make('ul', { class: 'legend' }, ...legend),
      ),
      make(
        'div',
        { class: 'plot' },
        this.#top,
        makeSvg(
          'svg',
          { viewBox, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
          makeSvg('path', { class: 'base', d: `M0 ${kHeight}H${kWidth}` }),
          ...this.#paths,
        ),
      ),
    );
  }

  draw(points) {
    const series = this.#lines.map(([, valueOf]) => points.map(valueOf));
    const ceiling = ceilingOf(series.flat());
    setText(this.#top, this.#text(ceiling));
    series.forEach((values, index) => {
      this.#paths[index].setAttribute('d', pathOf(values, ceiling, kWidth, kHeight));
      setText(this.#values[index], this.#text(values.at(-1) ?? null));
    });
  }
}

export class PulseView {
  #dialog = byId('pulse');
  #pulse = new Pulse();
  #timer = null;
  #isAsking = false;
  #charts = null;
  #facts = make('dl', { class: 'facts' });

  constructor() {
    this.#dialog.addEventListener('close', () => this.#stop());
    document.addEventListener('visibilitychange', () => this.#settle());
  }

  toggle() {
    if (this.#dialog.open) {
      this.#dialog.close();
    } else {
      this.#build();
      this.#dialog.showModal();
      this.#settle();
    }
  }

  #settle() {
    this.#stop();
    if (this.#dialog.open && document.visibilityState === 'visible') {
      this.#poll();
      this.#timer = setInterval(() => this.#poll(), kIntervalMs);
    }
  }

  #stop() {
    clearInterval(this.#timer);
  }

  async #poll() {
    if (this.#isAsking) {
      return;
    }
    this.#isAsking = true;
    try {
      const response = await fetch('stats.json', { cache: 'no-store' });
      this.#pulse.add(await response.json(), performance.now());
    } catch {
      this.#pulse.miss();
    }
    this.#isAsking = false;
    this.#draw();
  }

  #build() {
    if (this.#charts === null) {
      this.#charts = kCharts.map((chart) => new Chart(chart));
      byId('pulse-body').replaceChildren(
        this.#facts,
        make('div', { class: 'charts' }, ...this.#charts.map((chart) => chart.element)),
        make(
          'p',
          { class: 'muted' },
          'The last minute. Fan-out is the time from a message that was read to the last copy of ' +
            'it that was handed to the system.',
        ),
      );
    }
  }

  #draw() {
    const { points, stats } = this.#pulse;
    this.#charts.forEach((chart) => chart.draw(points));
    const facts =
      stats === null
        ? [['Server', 'no answer']]
        : [
            ['People', countText(stats.clients)],
            ['Rooms', countText(stats.rooms)],
            ['Slow readers', countText(stats.lagging_sessions)],
            ['Up for', uptimeText(stats.uptime_seconds)],
          ];
    this.#facts.replaceChildren(
      ...facts.map(([name, text]) => make('div', {}, make('dt', {}, name), make('dd', {}, text))),
    );
  }
}
